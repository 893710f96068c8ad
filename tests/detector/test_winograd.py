import copy

import pytest
import torch
from torch import nn

from emocam.detector.winograd import CHANNELS, Winograd, pays, with_winograd
from emocam.precision import cast


@pytest.fixture
def network() -> nn.Sequential:
    """Two blocks as detectors have them, and a convolution that is not worth it."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for before, after in ((3, CHANNELS), (CHANNELS, CHANNELS), (CHANNELS, 2 * CHANNELS)):
        normal = nn.BatchNorm2d(after)
        nn.init.uniform_(normal.running_mean, -0.5, 0.5)
        nn.init.uniform_(normal.running_var, 0.5, 2)
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), normal, nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers).eval().requires_grad_(False)


def test_a_network_answers_the_same(network) -> None:
    x = torch.rand(2, 3, 17, 22)
    written = copy.deepcopy(network).double()(x.double())
    found = with_winograd(network)(x)
    assert (found - written).abs().max() < 2e-5 * written.abs().max()


def test_only_what_pays_is_changed(network) -> None:
    kinds = [type(layer).__name__ for layer in with_winograd(network)]
    block = ["Winograd", "Identity", "LeakyReLU"]
    assert kinds == ["Conv2d", "Identity", "LeakyReLU", *block, *block]


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(64, 64, 1),
        nn.Conv2d(64, 64, 3),
        nn.Conv2d(64, 64, 3, stride=2, padding=1),
        nn.Conv2d(64, 64, 3, padding=1, groups=2),
        nn.Conv2d(64, 64, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(64, 64, 3, padding=2, dilation=2),
        nn.Conv2d(64, 64, 3, padding="same"),
        nn.Conv2d(64, 63, 3, padding=1),
    ],
)
def test_other_convolutions_stay_as_they_are(other: nn.Conv2d) -> None:
    assert not pays(other)


def test_a_network_in_bfloat16_goes_the_usual_way(network) -> None:
    x = torch.rand(1, 3, 16, 16)
    written = cast(copy.deepcopy(with_winograd(network)))(x)
    for name, layer in list(network.named_children()):
        if isinstance(layer, Winograd):
            setattr(network, name, layer.convolution)
    assert torch.equal(cast(network)(x), written)


def test_a_gradient_goes_the_usual_way(network) -> None:
    x = torch.rand(1, 3, 16, 16, requires_grad=True)
    (written,) = torch.autograd.grad(copy.deepcopy(network)(x).sum(), x)
    (found,) = torch.autograd.grad(with_winograd(network)(x).sum(), x)
    torch.testing.assert_close(found, written, atol=1e-4, rtol=1e-4)
