"""What an earlier call found out about a model, for as long as the model lives and is what it was.

Finding the layers, tracing the network and trying its two parts takes many passes through it; a person who
explains picture after picture should pay for them once.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from torch import Tensor, nn

from emocam.network.cut import cut, run_whole, runs_whole
from emocam.network.layers import Layer

PLAIN = (bool, int, float, complex, str, bytes, type(None))
CONTAINERS = (dict, OrderedDict, list, tuple, set)
DEEPEST, MOST_OBJECTS = 4, 1_000
"""How far into a module's own objects is looked for numbers that its forward may read, and at how many of them."""
OWN = ("_parameters", "_buffers", "_modules", "training", "inplace")
"""Attributes that hold tensors and modules, and those that freezing a classifier sets."""


@dataclass(frozen=True)
class KnownParts:
    """A model's number of logits, the layer that was taken, and the parts; None where they hold the model itself."""

    logits: int
    layer: Layer
    parts: tuple[nn.Module, nn.Module] | None


@dataclass
class _Known:
    """All that is known of one model in one state."""

    state: Hashable
    parts: dict[Hashable, KnownParts] = field(default_factory=dict)


_KNOWN: "WeakKeyDictionary[nn.Module, _Known]" = WeakKeyDictionary()


def model_state(model: nn.Module) -> Hashable:
    """Return what tells a model apart from what it becomes: its modules, their classes and attributes, its tensors.

    Numbers that are written into a tensor count as well, since the layer is chosen by what answers where; and those
    in a module's own objects, such as its configuration, which a traced network holds as they were.
    """
    values = _Values()
    modules = [*model.named_modules()]
    kinds = {kind for _, module in modules for kind in type(module).__mro__ if kind not in nn.Module.__mro__}
    return (
        tuple(
            (
                name,
                type(module),
                id(module),
                tuple((key, id(tensor), _version(tensor)) for key, tensor in _tensors(module)),
                tuple((key, values.of(value)) for key, value in vars(module).items() if key not in OWN),
            )
            for name, module in modules
        ),
        {
            kind: tuple((key, values.of(value)) for key, value in vars(kind).items() if key[:2] != "__")
            for kind in kinds
        },
    )


def _tensors(module: nn.Module) -> list[tuple[str, Tensor | None]]:
    return [*module._parameters.items(), *module._buffers.items()]


def _version(tensor: Tensor | None) -> int:
    """Return how often a tensor was written to; one made in inference mode does not count."""
    return 0 if tensor is None or tensor.is_inference() else tensor._version


class _Values:
    """Attributes by their values, each object once: what is plain by itself, what is not by what it holds."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def of(self, value: Any, depth: int = 0) -> Hashable:
        if isinstance(value, PLAIN):
            return type(value), value
        if type(value) in CONTAINERS and not value:  # of hooks each module has ten
            return (type(value),)
        if isinstance(value, Tensor):
            return type(value), id(value), _version(value)
        known = type(value), id(value)
        if isinstance(value, nn.Module) or callable(value):
            return known
        if id(value) in self.seen or depth > DEEPEST or len(self.seen) > MOST_OBJECTS:
            return known
        self.seen.add(id(value))
        return type(value), self._inner(value, depth + 1)

    def _inner(self, value: Any, depth: int) -> Hashable:
        if isinstance(value, tuple | list):
            return tuple(self.of(inner, depth) for inner in value)
        if isinstance(value, set | frozenset):
            return frozenset(self.of(inner, depth) for inner in value)
        if isinstance(value, dict):
            return tuple((str(key), self.of(inner, depth)) for key, inner in value.items())
        if isinstance(value, np.ndarray):
            return value.shape, value.tobytes()
        names = [*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())]
        return id(value), tuple((name, self.of(getattr(value, name, None), depth)) for name in names)


def is_known(model: nn.Module) -> bool:
    """Return whether a model was explained before as it is now."""
    try:
        known = _KNOWN.get(model)
    except TypeError:  # a module of its own equality, which no dictionary takes
        return False
    return known is not None and known.state == model_state(model)


def known_parts(
    model: nn.Module, layer: str | None, dry: Tensor, find: Callable[[], tuple[int, Layer]]
) -> tuple[int, Layer, nn.Module, nn.Module]:
    """Return a frozen model's number of logits, its layer and its two parts; `find` tells the first two.

    `dry` (2, C, H, W) are two different inputs, on which the parts are tried the first time.
    """
    state = model_state(model)
    asked = (layer, tuple(dry.shape[1:]), dry.device, dry.dtype)
    try:
        known = _KNOWN.get(model)
        if known is None or known.state != state:
            known = _KNOWN[model] = _Known(state)
    except TypeError:
        known = _Known(state)
    found = known.parts.get(asked)
    if found is None:
        logits, place = find()
        features, head = cut(model, place, dry)
        # a network that runs as a whole would be held for ever by what is kept of it
        kept = None if runs_whole(features) else (features, head)
        known.parts[asked] = KnownParts(logits, place, kept)
        return logits, place, features, head
    return found.logits, found.layer, *(found.parts or run_whole(model, found.layer))
