import pytest
import torch
from captum.attr import Occlusion as Library
from torch import nn

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.occlusion import Occlusion
from emocam.classifier.base import Classifier
from emocam.errors import SettingError


def test_patches_side_by_side_are_captums(small, small_batch):
    forward = CAM("probability").forward_pass(small, small_batch)
    cam = Occlusion(cells=4, patch=1 / 4)
    grey = small.prepare(torch.full((1, 3, 40, 48), 128, dtype=torch.uint8))
    library = Library(lambda x: small(x).softmax(-1))
    window = (3, 10, 12)
    theirs = library.attribute(forward.x, window, strides=window, baselines=grey, target=forward.target)
    assert torch.allclose(cam.raw(forward), theirs[:, 0, 5::10, 6::12], atol=1e-6)


def test_a_patch_lies_on_the_middle_of_its_cell(small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    cam = Occlusion(cells=5, patch=0.5)
    x = forward.x.clone()
    # cell (1, 3): middle at 0.3 of 40 rows and 0.7 of 48 columns, reaching a quarter to each side
    x[:, :, 2:22, 22:46] = small.prepare(torch.tensor(128, dtype=torch.uint8))
    drop = forward.scores - forward.score(small(x))
    assert torch.allclose(cam.raw(forward)[:, 1, 3], drop, atol=1e-5)


def test_a_patch_never_covers_nothing():
    covers = Occlusion(cells=14, patch=0.001).covers(40, torch.device("cpu"))
    assert covers.any(1).all()


def test_settings_that_cannot_be_are_named():
    with pytest.raises(SettingError, match=r"cam\.patch must be in \(0, 1\], got 20"):
        Occlusion(patch=20)
    with pytest.raises(SettingError, match=r"cam\.cells must be at least 1, got 0"):
        Occlusion(cells=0)


def test_a_classifier_may_look_at_grey_pictures():
    """The mean of the grey is the score, so every patch takes the same from a white picture."""
    grey = Classifier()
    grey.labels, grey.features, grey.head = ["white"], nn.Identity(), Mean()
    forward = ForwardPass(grey, torch.ones(1, 1, 8, 8))
    falls = Occlusion(cells=2, patch=0.5).raw(forward)
    assert torch.allclose(falls, torch.full((1, 2, 2), (1 - 128 / 255) / 4))


class Mean(nn.Module):
    def forward(self, activation):
        return activation.mean((-2, -1))
