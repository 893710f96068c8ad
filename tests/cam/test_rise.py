import pytest
import torch
from torch import nn

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.rise import RISE
from emocam.classifier.base import Classifier
from emocam.errors import SettingError


class Corner(Classifier):
    """Says how bright the upper left quarter is."""

    def __init__(self) -> None:
        super().__init__()
        self.labels, self.features, self.head = ["bright", "dark"], nn.Identity(), self.Head()

    class Head(nn.Module):
        def forward(self, x):
            light = x[:, :, : x.shape[2] // 2, : x.shape[3] // 2].mean((1, 2, 3))
            return torch.stack([light, -light], 1)


def white(classifier=None):
    return ForwardPass(classifier or Corner(), torch.ones(1, 3, 32, 32), "probability")


def test_the_map_is_high_where_the_answer_comes_from():
    raw = RISE(masks=800, cells=4).raw(white())[0]
    quarter = raw[:8, :8]
    assert raw.shape == (16, 16)
    assert quarter.mean() > raw[8:, 8:].mean() + 0.01
    assert raw.argmax().item() in [16 * y + x for y in range(8) for x in range(8)]


def test_it_is_the_mean_score_of_the_masks_that_show_a_place():
    cam, forward = RISE(masks=30, cells=4, seed=5), white()
    masks = torch.cat([cam.smooth(c[None], s[None], (32, 32)) for c, s in zip(*cam.draw(), strict=True)])[
        :, 0
    ]
    scores = torch.stack([Corner()(forward.x * mask)[0].softmax(0)[0] for mask in masks])
    total, seen = torch.zeros(16, 16), torch.zeros(16, 16)
    for mask, score in zip(masks, scores, strict=True):
        shares = mask.view(16, 2, 16, 2).mean((1, 3))
        total, seen = total + score * shares, seen + shares
    assert torch.allclose(cam.raw(forward)[0], total / seen, atol=1e-5)


def test_a_score_that_never_changes_leaves_a_flat_map():
    class Deaf(Corner):
        class Head(nn.Module):
            def forward(self, x):
                return torch.tensor([[1.0, 0.0]]).repeat(len(x), 1)

    cam = RISE(masks=20)
    assert cam.raw(white(Deaf())).std() < 1e-6 and not cam.maps(white(Deaf())).any()


def test_masks_are_open_as_often_as_asked_and_shift_by_less_than_a_cell():
    cam = RISE(masks=600, open=0.3)
    coarse, shift = cam.draw()
    masks = cam.smooth(coarse, shift, (28, 28))
    assert masks.mean().item() == pytest.approx(0.3, abs=0.01)
    assert masks.min() >= 0 and masks.max() <= 1
    assert shift.min() >= 0 and shift.max() < 1
    still = cam.smooth(coarse, torch.zeros_like(shift), (7, 7))
    assert torch.allclose(still, coarse[..., :7, :7], atol=1e-5)


def test_the_masks_follow_the_seed():
    drawn = [RISE(masks=10, seed=seed).draw()[0] for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_settings_that_cannot_be_are_named():
    with pytest.raises(SettingError, match=r"cam\.masks and cam\.cells must be at least 1, got 0 and 7"):
        RISE(masks=0)
    with pytest.raises(SettingError, match=r"cam\.open must be between 0 and 1, got 1\.5"):
        RISE(open=1.5)


def test_a_mean_of_negative_logits_has_no_positive_part():
    class Low(Corner):
        class Head(Corner.Head):
            def forward(self, x):
                return super().forward(x) - 9

    forward = ForwardPass(Low(), torch.ones(1, 3, 32, 32), "logit")
    assert CAM().explained == "logit" and RISE().explained == "probability"
    assert not RISE(masks=50).maps(forward).any()
