import copy
import pickle

import pytest
import torch
from torch import nn

from emocam.network import packed_linear as module
from emocam.network.packed_linear import PackedForward, packing


@pytest.fixture
def network(monkeypatch) -> nn.Sequential:
    monkeypatch.setattr(module, "WEIGHTS", 8)
    torch.manual_seed(0)
    row = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 5, bias=False), nn.Linear(5, 1))
    return packing(row.requires_grad_(False))


def written(network: nn.Sequential, x: torch.Tensor) -> torch.Tensor:
    """By the layers' own forward."""
    for layer in network:
        x = type(layer).forward(layer, x)
    return x


def test_large_layers_are_packed_and_stay_what_they_are(network) -> None:
    assert [isinstance(layer.forward, PackedForward) for layer in network] == [True, False, True, False]
    assert [type(layer) for layer in network] == [nn.Linear, nn.ReLU, nn.Linear, nn.Linear]


@pytest.mark.parametrize("shape", [(1, 6), (7, 6), (2, 3, 6), (0, 6)])
def test_it_answers_the_same(network, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    torch.testing.assert_close(network(x), written(network, x))


def test_a_gradient_comes_back_the_same(network) -> None:
    x = torch.randn(7, 6, requires_grad=True)
    (expected,) = torch.autograd.grad(written(network, x).square().sum(), x)
    (found,) = torch.autograd.grad(network(x).square().sum(), x)
    torch.testing.assert_close(found, expected)
    assert set(network[0].forward.held) == {"forward", "back"}


def test_weights_that_change_are_packed_anew(network) -> None:
    x = torch.randn(7, 6)
    network(x)
    network[0].weight.mul_(2)
    torch.testing.assert_close(network(x), written(network, x))
    network[0].weight = nn.Parameter(torch.randn(4, 6), requires_grad=False)
    torch.testing.assert_close(network(x), written(network, x))


def test_weights_that_learn_get_their_gradient(network) -> None:
    x = torch.randn(7, 6)
    network(x)
    network[0].weight.requires_grad_()
    network(x).sum().backward()
    assert network[0].weight.grad is not None


def test_a_copy_packs_its_own(network) -> None:
    x = torch.randn(7, 6)
    network(x)
    for again in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        forward = again[0].forward
        assert forward.layer is again[0] and not forward.held
        assert torch.equal(again(x), network(x))
        again[0].weight.mul_(2)
        torch.testing.assert_close(again(x), written(again, x))


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_other_numbers_go_the_usual_way(network, kind: torch.dtype) -> None:
    network.to(kind)
    x = torch.randn(7, 6).to(kind)
    assert torch.equal(network(x), written(network, x))
    assert not network[0].forward.held


def test_a_network_made_for_inference_alone_answers_too(monkeypatch) -> None:
    monkeypatch.setattr(module, "WEIGHTS", 8)
    with torch.inference_mode():
        network = packing(nn.Sequential(nn.Linear(6, 4)).requires_grad_(False))
        x = torch.randn(7, 6)
        assert torch.equal(network(x), written(network, x))
    network = packing(nn.Sequential(nn.Linear(6, 4)).requires_grad_(False))
    with torch.inference_mode():
        torch.testing.assert_close(network(x), written(network, x))
