"""YOLOv3's raw output read at once, against each cell, anchor and class read by itself."""

import math

import pytest
import torch

from emocam.functional.box.yolo import candidates
from emocam.functional.box.yolo_dense import dense_candidates

SCORE, KINDS, CLASSES = 0.2, 2, 3
Found = list[tuple[int, int, float, tuple[float, ...]]]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.fixture
def scales() -> list[tuple[torch.Tensor, torch.nn.Conv2d, torch.Tensor]]:
    torch.manual_seed(0)
    made = []
    for height, width in ((2, 3), (4, 5)):
        last = torch.nn.Conv2d(4, KINDS * (5 + CLASSES), 1).requires_grad_(False)
        made.append((3 * torch.randn(2, 4, height, width), last, 0.2 + 2 * torch.rand(KINDS, 2)))
    return made


def slowly(scales: list, kind: str) -> Found:
    found: Found = []
    for maps, last, anchors in scales:
        answers = last(maps).double()
        for image in range(len(maps)):
            for a, (wide, high) in enumerate(anchors.tolist()):
                for y in range(maps.shape[2]):
                    for x in range(maps.shape[3]):
                        row = answers[image, a * (5 + CLASSES) : (a + 1) * (5 + CLASSES), y, x].tolist()
                        weights = [math.exp(c) for c in row[5:]]
                        shares = [sigmoid(c) for c in row[5:]]
                        if kind == "softmax":
                            shares = [
                                weight / sum(weights) if weight == max(weights) else 0 for weight in weights
                            ]
                        middle = (sigmoid(row[0]) + x) / maps.shape[3], (sigmoid(row[1]) + y) / maps.shape[2]
                        half = (
                            math.exp(min(row[2], 20)) * wide / maps.shape[3] / 2,
                            math.exp(min(row[3], 20)) * high / maps.shape[2] / 2,
                        )
                        box = tuple(
                            m + side * h for side in (-1, 1) for m, h in zip(middle, half, strict=True)
                        )
                        found += [
                            (image, k, sigmoid(row[4]) * share, box)
                            for k, share in enumerate(shares)
                            if sigmoid(row[4]) * share > SCORE
                        ]
    return sorted(found)


def listed(found: tuple[torch.Tensor, ...]) -> Found:
    boxes, object, score, image = (part.tolist() for part in found)
    return sorted(zip(image, object, score, map(tuple, boxes), strict=True))


def by_scale(scales: list, score: float, kind: str) -> tuple[torch.Tensor, ...]:
    """Each scale read by itself, as on a processor."""
    return tuple(map(torch.cat, zip(*(candidates(*scale, score, kind) for scale in scales), strict=True)))


@pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
@pytest.mark.parametrize("read", [by_scale, dense_candidates])
def test_each_cell_anchor_and_class_is_read_by_its_formulas(scales, kind: str, read) -> None:
    expected, found = slowly(scales, kind), listed(read(scales, SCORE, kind))
    assert len(expected) > 20 and len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one[:2] == other[:2] and one[2] == pytest.approx(other[2], abs=1e-5)
        assert one[3] == pytest.approx(other[3], abs=1e-4)


def test_a_width_that_would_overflow_is_cut() -> None:
    last = torch.nn.Conv2d(1, 6, 1).requires_grad_(False)
    torch.nn.init.zeros_(last.weight)
    last.bias.copy_(torch.tensor([0.0, 0.0, 90.0, 0.0, 9.0, 9.0]))
    (box,), _, _, _ = dense_candidates([(torch.zeros(1, 1, 1, 1), last, torch.ones(1, 2))], SCORE)
    assert box.tolist() == pytest.approx([0.5 - math.exp(20) / 2, 0, 0.5 + math.exp(20) / 2, 1], rel=1e-5)
