"""Maps whose numbers can be checked in the head, and a slow reading of any map."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator

from emocam.records.detections import Detections
from emocam.records.evidence import Explanation


def explanation(*rows: list[float], window: tuple[float, ...] = (0.0, 0.0, 1.0, 1.0)) -> Explanation:
    return Explanation(torch.tensor([rows], dtype=torch.float32), torch.tensor([window]))


def regions(*boxes: tuple[float, ...], masks: torch.Tensor | None = None) -> Detections:
    n = len(boxes)
    nothing = torch.zeros(n, dtype=torch.int64)
    return Detections(torch.tensor(boxes).reshape(-1, 4), nothing, torch.ones(n), nothing, masks)


def read_slowly(explained: Explanation, index: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The map of one image at places of the picture: scipy's interpolation, 0 outside of the window."""
    map, window = explained.maps[index].numpy().astype(float), explained.window[index].numpy()
    u, v = (x - window[0]) / (window[2] - window[0]), (y - window[1]) / (window[3] - window[1])
    padded = np.pad(map, 1, mode="edge")
    height, width = map.shape
    centres = (np.arange(-1, height + 1) + 0.5) / height, (np.arange(-1, width + 1) + 0.5) / width
    values = RegularGridInterpolator(centres, padded)(np.stack([v.clip(0, 1), u.clip(0, 1)], -1))
    return values * ((u >= 0) & (u <= 1) & (v >= 0) & (v <= 1))


def grid(box: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (points, points) in the middle of equal parts of a box."""
    steps = (np.arange(points) + 0.5) / points
    x, y = np.meshgrid(box[0] + steps * (box[2] - box[0]), box[1] + steps * (box[3] - box[1]))
    return x, y


WINDOWS = [(0.0, 0.0, 1.0, 1.0), (0.1, 0.0, 0.9, 1.0), (-0.2, 0.0, 1.2, 1.0)]
"""The whole picture, a crop in its middle, and a letterbox."""


@pytest.fixture
def scene() -> Callable[[int], tuple[Explanation, Detections]]:
    """Random maps and boxes, seen through all kinds of windows."""

    def scene(seed: int) -> tuple[Explanation, Detections]:
        dice = torch.Generator().manual_seed(seed)
        maps = torch.rand(3, 5, 7, generator=dice) ** 2
        corner = torch.rand(30, 2, generator=dice) * 0.8
        size = 0.02 + torch.rand(30, 2, generator=dice) * 0.5
        boxes = torch.cat([corner, (corner + size).clamp(max=1)], 1)
        image = torch.randint(0, 3, (30,), generator=dice)
        found = Detections(boxes, torch.zeros(30, dtype=torch.int64), torch.ones(30), image)
        return Explanation(maps, torch.tensor(WINDOWS)), found

    return scene


@pytest.fixture(scope="session")
def made() -> dict[str, Callable]:
    return {"explanation": explanation, "regions": regions, "read": read_slowly, "grid": grid}
