"""Whose each cell is, beside the raster that effects are tried by, which is painted with Pillow."""

import numpy as np
import torch

from emocam.effect.parts import PictureRegions, paint_raster
from emocam.functional.map.owners import owners_of_cells, ranks
from emocam.records.detections import Detections

WHOLE = torch.tensor([[0.0, 0, 1, 1]])


def packed(boxes: list[list[float]], masks: torch.Tensor | None = None, image: int = 0) -> Detections:
    count = len(boxes)
    return Detections(
        torch.tensor(boxes).view(-1, 4),
        torch.arange(count),
        torch.linspace(0.9, 0.1, count),
        torch.full((count,), image),
        masks,
    )


def test_boxes_are_owned_as_effects_paint_them() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        corners = np.sort(rng.integers(0, 33, (6, 2, 2)), 1)
        corners[:, 1] = np.maximum(corners[:, 1], corners[:, 0] + 1).clip(max=33)
        boxes = (corners.reshape(6, 4).clip(0, 33) / 33).astype(np.float32)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        if len(np.unique(areas.round(6))) < 6:
            continue
        raster = paint_raster(PictureRegions([str(i) for i in range(6)], boxes), (33, 33)).owner
        owner, count = owners_of_cells(packed(boxes.tolist()), WHOLE, (33, 33), 24)
        # the same parts, under whatever numbers
        pairs = {(a, b) for a, b in zip(raster.ravel().tolist(), owner[0].ravel().tolist(), strict=True)}
        assert len(pairs) == len(np.unique(raster)) == int(count[0])


def test_masks_decide_within_their_boxes() -> None:
    disc = ((torch.arange(28)[:, None] - 13.5) ** 2 + (torch.arange(28) - 13.5) ** 2 < 14**2).float()
    regions = packed([[0.0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75]], torch.stack([torch.ones(28, 28), disc]))
    owner, count = owners_of_cells(regions, WHOLE, (64, 64), 24)
    assert count.tolist() == [2]
    inner = owner[0] == owner[0, 32, 32]
    assert not inner[17, 17] and abs(inner.float().mean() - np.pi / 16) < 0.01


def test_only_the_surest_regions_are_told_apart_and_the_rest_is_one() -> None:
    boxes = [[i / 8, 0.0, (i + 1) / 8, 0.5] for i in range(8)]
    owner, count = owners_of_cells(packed(boxes), WHOLE, (16, 16), 3)
    assert count.tolist() == [4]
    assert len(owner[0, 0].unique()) == 4 and (owner[0, :, 6:] == 3).all()


def test_a_view_of_a_part_of_the_picture_shows_that_part() -> None:
    window = torch.tensor([[0.5, 0.0, 1.0, 0.5]])
    owner, count = owners_of_cells(packed([[0.5, 0, 0.75, 0.25], [0, 0, 0.5, 1]]), window, (8, 8), 24)
    assert count.tolist() == [2]  # the second is not seen
    assert (owner[0, :4, :4] == 0).all() and (owner[0, 4:] == 1).all() and (owner[0, :, 4:] == 1).all()


def test_ranks_count_within_an_image() -> None:
    value, image = torch.tensor([1.0, 3, 2, 5, 4]), torch.tensor([0, 0, 0, 1, 1])
    assert ranks(value, image, 3).tolist() == [2, 0, 1, 0, 1]
