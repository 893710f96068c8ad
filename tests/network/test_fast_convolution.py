import copy
import pickle

import pytest
import torch
from torch import nn

from emocam.network.fast_convolution import CHANNELS, Pixelwise, Prepared, Winograd, faster, way_of
from emocam.network.precision import cast_network


@pytest.fixture
def network() -> nn.Sequential:
    """Three blocks as detectors have them, and a convolution that is not worth it."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    blocks = (
        (3, CHANNELS, 3),
        (CHANNELS, CHANNELS, 3),
        (CHANNELS, 5, 1),
        (5, CHANNELS, 1),
        (CHANNELS, 2 * CHANNELS, 3),
    )
    for before, after, side in blocks:
        normal = nn.BatchNorm2d(after)
        nn.init.uniform_(normal.running_mean, -0.5, 0.5)
        nn.init.uniform_(normal.running_var, 0.5, 2)
        layers += [nn.Conv2d(before, after, side, padding=side // 2, bias=False), normal, nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers).eval().requires_grad_(False)


def test_a_network_answers_the_same(network) -> None:
    x = torch.rand(2, 3, 17, 22)
    written = copy.deepcopy(network).double()(x.double())
    found = faster(network)(x)
    assert (found - written).abs().max() < 2e-5 * written.abs().max()


def test_only_what_pays_is_changed(network) -> None:
    kinds = [type(layer).__name__ for layer in faster(network)]
    assert kinds[::3] == ["Conv2d", "Winograd", "Pixelwise", "Pixelwise", "Winograd"]
    assert kinds[1::3] == 5 * ["Identity"] and kinds[2::3] == 5 * ["LeakyReLU"]


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(64, 64, 1, stride=2),
        nn.Conv2d(64, 64, 1, padding=1),
        nn.Conv2d(64, 64, 1, groups=2),
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
    assert way_of(other) is None


def test_a_network_in_bfloat16_goes_the_usual_way(network) -> None:
    x = torch.rand(1, 3, 16, 16)
    written = cast_network(copy.deepcopy(faster(network)))(x)
    for name, layer in list(network.named_children()):
        if isinstance(layer, Prepared):
            setattr(network, name, layer.convolution)
    assert torch.equal(cast_network(network)(x), written)


def test_a_gradient_goes_the_usual_way(network) -> None:
    x = torch.rand(1, 3, 16, 16, requires_grad=True)
    (written,) = torch.autograd.grad(copy.deepcopy(network)(x).sum(), x)
    (found,) = torch.autograd.grad(faster(network)(x).sum(), x)
    torch.testing.assert_close(found, written, atol=1e-4, rtol=1e-4)


def test_a_copy_prepares_its_own(network) -> None:
    x = torch.rand(1, 3, 16, 16)
    written = faster(network)(x)
    for again in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert all(layer.kernel is None for layer in again.modules() if isinstance(layer, Prepared))
        assert torch.equal(again(x), written)


@pytest.mark.parametrize("way", [Winograd, Pixelwise])
def test_both_orders_of_memory(way: type[Prepared]) -> None:
    torch.manual_seed(0)
    side = 3 if way is Winograd else 1
    layer = nn.Conv2d(7, 5, side, padding=side // 2).requires_grad_(False)
    x = torch.rand(2, 7, 9, 6)
    for given in (x, x.contiguous(memory_format=torch.channels_last)):
        torch.testing.assert_close(way(layer)(given), layer(x), atol=1e-5, rtol=1e-5)
