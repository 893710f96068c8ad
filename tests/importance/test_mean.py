import torch

from emocam.importance.mean import Mean
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation

RIGHT_HALF = Explanation(
    maps=torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]).repeat_interleave(8, 1).repeat_interleave(8, 2),
    window=torch.tensor([[0.0, 0.0, 1.0, 1.0]]),
)


def region(masks: torch.Tensor | None) -> Detections:
    one = torch.zeros(1, dtype=torch.int64)
    return Detections(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), one, torch.ones(1), one, masks)


def test_a_box_over_all_sees_the_mean_of_the_map() -> None:
    torch.testing.assert_close(Mean()(RIGHT_HALF, region(None)), torch.tensor([0.5]))


def test_a_mask_sees_the_mean_inside_of_it() -> None:
    right = torch.tensor([[[0.0, 0.0, 0.0, 1.0]]]).expand(1, 4, 4)
    torch.testing.assert_close(Mean()(RIGHT_HALF, region(right)), torch.tensor([1.0]))
