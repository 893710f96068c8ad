"""A second call of `explain` reuses what the first found out, and nothing that is no longer so."""

import gc
import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import emocam
from emocam.api import known_model
from emocam.api.explain import explain
from emocam.errors import SettingError

X = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


class Net(nn.Module):
    """Two convolutions, a scale of its own at the top, and a switch in its forward."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(inplace=True))
        self.second = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU())
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.last = nn.Linear(8 * 8 * 8, 4)
        self.turned = False

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x)) * self.scale
        return self.last((x.flip(-1) if self.turned else x).flatten(1))


class Branching(Net):
    """A network that cannot be traced, as it asks its input."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) if x.sum() > -1e9 else super().forward(-x)


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each time that a network is cut."""
    made: list[object] = []
    original = known_model.cut

    def counted(*given: object) -> object:
        made.append(given)
        return original(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(known_model, "cut", counted)
    return made


@pytest.mark.parametrize("kind", [Net, Branching])
def test_second_call_cuts_nothing_and_says_the_same(kind: type[Net], cuts: list[object]) -> None:
    model = kind().train()
    first, second = (explain(model, X) for _ in range(2))
    assert len(cuts) == 1 and model.training and model.first[1].inplace
    assert torch.equal(first.maps, second.maps) and first.layer == second.layer


def write(net: Net) -> None:
    with torch.no_grad():
        net.second[0].weight.neg_()


def replace_layer(net: Net) -> None:
    net.second[0] = nn.Conv2d(8, 8, 3, 2, 1)


def step(net: Net) -> None:
    optimiser = torch.optim.SGD(net.parameters(), 1.0)
    net(X)[:, 0].sum().backward()
    optimiser.step()
    optimiser.zero_grad()


CHANGES: dict[str, Callable[[Net], object]] = {
    "a weight written to": write,
    "a parameter of its own replaced": lambda net: setattr(net, "scale", nn.Parameter(-net.scale.detach())),
    "a layer replaced": replace_layer,
    "a switch in its forward": lambda net: setattr(net, "turned", True),
    "a hook": lambda net: net.second.register_forward_hook(lambda module, x, y: y.flip(-2)),
    "a step of training": step,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", [Net, Branching])
def test_what_changed_since_is_seen(kind: type[Net], change: str) -> None:
    model, fresh = kind(), kind()
    explain(model, X)
    torch.manual_seed(5)
    CHANGES[change](model)
    torch.manual_seed(5)
    CHANGES[change](fresh)
    assert torch.equal(explain(model, X).maps, explain(fresh, X).maps)


@pytest.mark.parametrize("kind", [Net, Branching])
def test_model_is_not_held(kind: type[Net]) -> None:
    model = kind()
    explain(model, X)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_other_shapes_and_layers_are_cut_anew(cuts: list[object]) -> None:
    model = Net()
    model.last = nn.LazyLinear(4)
    model(X)
    assert emocam.explain(model, X).layer == "second"
    assert emocam.explain(model, X, layer="first").layer == "first"
    assert emocam.explain(model, X, layer=model.second[0]).layer == "second.0"
    assert len(cuts) == 3


def test_weights_that_became_nan_are_told_on_the_second_call() -> None:
    model = Net()
    explain(model, X)
    with torch.no_grad():
        model.last.weight[0, 0] = torch.nan
    with pytest.raises(SettingError, match="NaN"):
        explain(model, X)
