"""Guided Grad-CAM and guided backpropagation against captum, whose hooks see ReLUs that are modules."""

import pytest
import torch
from captum.attr import GuidedBackprop, GuidedGradCam
from torch import nn
from torch.nn import functional as F
from torchvision.models import resnet18

from emocam.cam.base import ForwardPass
from emocam.cam.guidedgradcam import GuidedGradCAM
from emocam.classifier.planted import PlantedClassifier
from emocam.errors import SettingError
from emocam.functional.map.guided import guided_gradient


def picture(side: int) -> torch.Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_guided_backpropagation_is_captums_bit_for_bit():
    torch.manual_seed(0)
    network, x = resnet18().eval().requires_grad_(False), picture(64)
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    ours, met = guided_gradient(lambda x: network(x)[:, 7], x)
    assert met == 17 and torch.equal(ours, GuidedBackprop(network).attribute(x, target=7))


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_guided_gradcam_is_captums_bit_for_bit():
    classifier = PlantedClassifier()
    classifier.head.hidden.forward = nn.Linear.forward.__get__(classifier.head.hidden)
    x = picture(112)
    forward = ForwardPass(classifier, x, target=3)
    theirs = GuidedGradCam(classifier, classifier.features[-1]).attribute(
        x, target=3, interpolate_mode="nearest"
    )
    assert theirs.abs().sum() > 0
    assert torch.equal(GuidedGradCAM().attributions(forward), theirs)


def test_a_relu_that_is_a_function_is_guided_too():
    torch.manual_seed(1)
    first, second = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
    x = picture(9)
    ours, met = guided_gradient(lambda x: second(F.relu(first(x)).mean((-2, -1)))[:, 0], x)
    behind = second.weight[0][None, :, None, None].expand(2, 4, 7, 7) / 49
    passed = (behind * (first(x) > 0)).clamp(min=0)
    torch.testing.assert_close(ours, F.conv_transpose2d(passed, first.weight))
    assert met == 1


def test_pixels_are_averaged_in_cells_and_colours_count_without_sign():
    forward = ForwardPass(PlantedClassifier(), picture(112))
    cam = GuidedGradCAM(grid=28, gradcam=False)
    cells = cam.attributions(forward).abs().sum(1).view(2, 28, 4, 28, 4).mean((2, 4))
    torch.testing.assert_close(cam.raw(forward), cells)
    assert cam.maps(forward).shape == (2, 28, 28)


def test_a_network_without_a_relu_and_a_grid_of_nothing_are_refused():
    only_others = ForwardPass(PlantedClassifier(), picture(112))
    only_others.classifier = nn.Sequential(nn.Conv2d(3, 5, 112), nn.SiLU(), nn.Flatten())  # type: ignore[assignment]
    with pytest.raises(SettingError, match="has none"):
        GuidedGradCAM().attributions(only_others)
    with pytest.raises(SettingError, match=r"cam\.grid must be"):
        GuidedGradCAM(grid=0)
