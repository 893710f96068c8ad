import pytest
import torch
from torch import nn

from emocam.network import sparse_linear as awake
from emocam.network.sparse_linear import SparseLinear


@pytest.fixture(autouse=True)
def few(monkeypatch) -> None:
    monkeypatch.setattr(awake, "FEWEST", 1)


@pytest.mark.parametrize("silent", [0, 1, 5, 12])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float64])
@torch.no_grad()
def test_it_answers_as_the_layer_does(silent: int, kind: torch.dtype) -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(12, 5).to(kind), torch.rand(7, 12).to(kind)
    x[:, torch.randperm(12)[:silent]] = 0
    woken = SparseLinear(layer)
    torch.testing.assert_close(woken(x), layer(x))
    torch.testing.assert_close(woken(x.flip(1)), layer(x.flip(1)))  # in the memory of the first


def test_gradients_go_through_the_layer_itself() -> None:
    layer, x = nn.Linear(4, 1), torch.zeros(1, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(SparseLinear(layer)(x), x)
    torch.testing.assert_close(gradient, layer.weight)


@torch.no_grad()
def test_weights_of_the_silent_are_not_met(monkeypatch) -> None:
    shapes: list[tuple[int, ...]] = []
    whole = awake.pack

    def seen(weight: torch.Tensor) -> torch.Tensor:
        shapes.append(tuple(weight.shape))
        return whole(weight)

    monkeypatch.setattr(awake, "pack", seen)
    x = torch.tensor([[0.0, 1, 0, 0], [0, 0, 0, -2]])
    SparseLinear(nn.Linear(4, 3))(x)
    SparseLinear(nn.Linear(4, 3).bfloat16())(x.bfloat16())
    monkeypatch.setattr(awake, "FEWEST", 3)
    SparseLinear(nn.Linear(4, 3))(x)
    assert shapes == [(3, 2), (3, 2)]


@torch.no_grad()
def test_numbers_that_are_none_are_awake() -> None:
    x = torch.zeros(2, 20)
    x[1, 3] = torch.nan
    assert torch.equal(SparseLinear(nn.Linear(20, 2))(x).isnan().any(1), torch.tensor([False, True]))
