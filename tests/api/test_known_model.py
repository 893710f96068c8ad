"""A second call of `explain` reuses what the first found out, and nothing that is no longer so."""

import gc
import time
import weakref
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
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

    sign = 1.0

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(inplace=True))
        self.second = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU())
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.last = nn.Linear(8 * 8 * 8, 4)
        self.turned = False
        self.config = SimpleNamespace(inner=SimpleNamespace(factor=1.0))
        self.factors, self.words = np.ones(1), {"plain"}

    def signed(self, x: Tensor) -> Tensor:
        return x * self.sign

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x)) * self.scale * self.config.inner.factor * float(self.factors[0])
        x = self.signed(-x if "turned" in self.words else x)
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
    "a number of its configuration": lambda net: setattr(net.config.inner, "factor", -1.0),
    "an array of its own": lambda net: net.factors.__setitem__(0, -1.0),
    "a set of its own": lambda net: net.words.add("turned"),
    "a number of its class": lambda net: setattr(type(net), "sign", -1.0),
    "a function of its class": lambda net: setattr(type(net), "signed", lambda self, x: -x),
}
"""Of which the last are told apart though the module's own attributes are the same objects as before."""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", [Net, Branching])
def test_what_changed_since_is_seen(kind: type[Net], change: str) -> None:
    own = type(kind.__name__, (kind,), {})  # which may be changed as well
    model, fresh = own(), own()
    explain(model, X)
    for changed in (model, fresh):
        torch.manual_seed(5)
        CHANGES[change](changed)
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


def test_a_state_is_told_soon_also_of_objects_that_lead_anywhere() -> None:
    model, chain = Net(), SimpleNamespace()
    chain.own, chain.many = chain, [SimpleNamespace(number=n) for n in range(100_000)]
    model.chain = chain
    began = time.process_time()
    first = known_model.model_state(model)
    assert time.process_time() - began < 0.5 and first == known_model.model_state(model)
