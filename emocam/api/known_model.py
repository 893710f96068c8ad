"""What an earlier call found out about a model, for as long as the model lives and is what it was.

Finding the layers, tracing the network and trying its two parts takes many passes through it; a person who
explains picture after picture should pay for them once.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from emocam.network.cut import cut, run_whole, runs_whole
from emocam.network.layers import Layer

PLAIN = (bool, int, float, complex, str, bytes, type(None))
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
    """Return what tells a model apart from what it becomes: its modules, their attributes, its tensors' versions.

    Numbers that are written into a tensor count as well, since the layer is chosen by what answers where.
    """
    return tuple(
        (
            name,
            type(module),
            id(module),
            tuple((key, id(tensor), _version(tensor)) for key, tensor in _tensors(module)),
            tuple((key, _value(value)) for key, value in vars(module).items() if key not in OWN),
        )
        for name, module in model.named_modules()
    )


def _tensors(module: nn.Module) -> list[tuple[str, Tensor | None]]:
    return [*module._parameters.items(), *module._buffers.items()]


def _version(tensor: Tensor | None) -> int:
    """Return how often a tensor was written to; one made in inference mode does not count."""
    return 0 if tensor is None or tensor.is_inference() else tensor._version


def _value(value: Any) -> Hashable:
    """Return an attribute by its value where that is plain, else by what it is and whether it is the same one."""
    if isinstance(value, PLAIN):
        return type(value), value
    if isinstance(value, tuple | list):
        return type(value), tuple(map(_value, value))
    if isinstance(value, dict):
        return type(value), tuple((str(key), _value(inner)) for key, inner in value.items())
    return type(value), id(value)


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
