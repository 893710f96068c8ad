"""The map's mean in each box: in closed form, and as the reference does it, on an enlarged map."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from racing import Agreement, Contest, Way
from telling import table_of
from torch import Tensor
from torch.nn.functional import interpolate

from emocam.functional.map.maps import box_means
from emocam.records.base import WHOLE

PIXELS = 608


def problem(images: int, boxes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Maps (B, 13, 13), and boxes whose corners are whole pixels, so that slices mean the same boxes."""
    dice = torch.Generator().manual_seed(0)
    maps = interpolate(torch.rand(images, 1, 7, 7, generator=dice), (13, 13), mode="bicubic")[:, 0].clamp(
        0, 1
    )
    size = torch.randint(8, PIXELS // 2, (images * boxes, 2), generator=dice)
    corner = (torch.rand(images * boxes, 2, generator=dice) * (PIXELS - size)).long()
    return maps, torch.cat([corner, corner + size], 1), torch.arange(images).repeat_interleave(boxes)


def by_slices(maps: Tensor, rows: pd.DataFrame) -> np.ndarray:
    """An image at a time and a row at a time."""
    found = []
    for image in range(len(maps)):
        regions = rows[rows["image"] == image]
        large = interpolate(maps[image][None, None], (PIXELS, PIXELS), mode="bilinear")[0, 0].numpy()
        for _, row in regions.iterrows():
            inside = large[row["y0"] : row["y1"], row["x0"] : row["x1"]]
            found.append(inside.sum() / ((row["x1"] - row["x0"]) * (row["y1"] - row["y0"])))
    return np.array(found)


def contest(images: int, boxes: int) -> Contest:
    maps, corners, image = problem(images, boxes)
    window, fractions = torch.tensor(WHOLE).repeat(images, 1), corners / PIXELS
    rows = pd.DataFrame(corners.numpy(), columns=["x0", "y0", "x1", "y1"]).assign(image=image.numpy())

    def ours() -> Tensor:
        return box_means(maps, window, fractions, image)

    def agree() -> Agreement:
        return Agreement(float(np.abs(ours().numpy() - by_slices(maps, rows)).max()), 2e-4, "means in [0, 1]")

    return Contest(
        f"means of {images} maps x {boxes} boxes",
        Way(ours, images),
        {"upsample to 608, row by row, slice": Way(lambda: by_slices(maps, rows), images)},
        agree,
        {"upsample to 608, row by row, slice": 60},
    )


def contests(small: bool = False) -> Iterator[Contest]:
    for images, boxes in ((2, 10),) if small else ((8, 100), (32, 100)):
        yield contest(images, boxes)


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
