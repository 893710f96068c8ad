import pytest
import torch
from torch import Tensor
from torchvision.ops import box_iou

from emocam.functional.box.nms import ROUNDS, _at_once, suppress


def slowly(boxes: Tensor, score: Tensor, group: Tensor, most: float) -> list[int]:
    """Take the best box left, drop what overlaps it too much, for each group by itself."""
    overlap, kept = box_iou(boxes.double(), boxes.double()), []
    for name in group.unique():
        left = [i for i in range(len(boxes)) if group[i] == name]
        while left:
            best = max(left, key=lambda i: (score[i].item(), -i))
            kept.append(best)
            left = [i for i in left if i != best and overlap[best, i] <= most]
    return sorted(kept)


def scatter(count: int, groups: int, size: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    dice = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=dice)
    boxes = torch.cat([corner, corner + size * torch.rand(count, 2, generator=dice)], -1)
    return boxes, torch.rand(count, generator=dice), torch.randint(groups, (count,), generator=dice)


@pytest.mark.parametrize("most", [0.0, 0.005, 0.45, 1.0])
@pytest.mark.parametrize(
    ("count", "groups", "size"), [(1, 1, 0.5), (200, 40, 0.5), (300, 2, 0.1), (150, 1, 0.9)]
)
def test_keeps_what_the_slow_way_keeps(count: int, groups: int, size: float, most: float) -> None:
    boxes, score, group = scatter(count, groups, size, seed=count)
    assert suppress(boxes, score, group, most).tolist() == slowly(boxes, score, group, most)


def test_crowds_of_more_boxes_than_rounds_are_finished() -> None:
    boxes, score, group = scatter(250, 2, 0.02, seed=7)
    kept = suppress(boxes, score, group, 0.3)
    assert len(kept) > 4 * ROUNDS
    assert kept.tolist() == slowly(boxes, score, group, 0.3)


def test_boxes_of_different_groups_may_share_a_place() -> None:
    boxes = torch.tensor([[0.1, 0.1, 0.5, 0.5]]).repeat(3, 1)
    kept = suppress(boxes, torch.tensor([0.5, 0.9, 0.7]), torch.tensor([1 << 40, 7, 7]), 0.5)
    assert kept.tolist() == [0, 1]


def test_of_equal_scores_the_first_stays() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 0.4]])
    assert suppress(boxes, torch.ones(2), torch.zeros(2, dtype=torch.int64), 0.5).tolist() == [0]


def test_overlap_at_the_limit_is_allowed() -> None:
    halves = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.5]])
    group = torch.zeros(2, dtype=torch.int64)
    assert len(suppress(halves, torch.tensor([0.9, 0.8]), group, 0.5)) == 2
    assert len(suppress(halves, torch.tensor([0.9, 0.8]), group, 0.49)) == 1


def test_no_boxes_stay_none() -> None:
    nothing = torch.zeros(0, dtype=torch.int64)
    assert suppress(torch.zeros(0, 4), torch.zeros(0), nothing, 0.5).tolist() == []


@pytest.mark.parametrize("most", [0.0, 0.3, 0.45])
@pytest.mark.parametrize("far", [1, 2**32, 2**20 + 3])
def test_at_once_keeps_what_the_slow_way_keeps(most: float, far: int) -> None:
    """As on an accelerator: groups are pairs of numbers, of which either may be the same."""
    boxes, score, group = scatter(120, 9, 0.6, seed=far % 97)
    group = group % 3 + (group // 3) * far
    for shift, size in ((0.0, 1.0), (-3.0, 1.0), (5.0, 1e-3), (-2.0, 40.0)):
        moved = boxes * size + shift
        assert _at_once(moved, score, group, most).tolist() == slowly(moved, score, group, most)


def test_boxes_of_groups_next_to_each_other_do_not_meet_at_once() -> None:
    """Boxes of one place and of the whole width, in groups whose numbers differ by one in either half."""
    for first, second in ((0, 1), (0, 2**32), (1, 2**32), (7, 8), (2**32, 2**33)):
        boxes = torch.tensor([[0.0, 0, 1, 1], [0.0, 0, 1, 1], [0, 0, 1, 0.9], [-9.0, -9, 9, 9]])
        group, score = torch.tensor([first, second, first, second]), torch.tensor([0.9, 0.8, 0.7, 0.1])
        assert _at_once(boxes, score, group, 0.5).tolist() == [0, 1, 3]
    none = torch.zeros(0, 4)
    assert len(_at_once(none, none[:, 0], torch.zeros(0, dtype=torch.int64), 0.5)) == 0
    assert len(suppress(none, none[:, 0], torch.zeros(0, dtype=torch.int64), 0.5)) == 0
