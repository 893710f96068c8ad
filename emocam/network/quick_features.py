"""The features of a frozen network on a processor, by faster kernels where a trial shows that they pay.

Normalisations are folded, channels come last, convolutions go by faster algorithms, linear layers are packed, and a
large batch is taken in pieces. All this happens in a copy that answers in place of the features where no gradient
is asked: the network itself, its names, its weights and its gradients stay as they are.
"""

import time
from collections.abc import Callable, Hashable
from typing import Any, Literal, get_args
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.nn.modules import module

from emocam.network.quick_copy import KERNELS, Kernels, agrees, quick_copy
from emocam.system.memory import LARGEST

TRIED = 4
"""Pictures of the trial."""
TURNS = 2
GAIN = 1.1
"""Another way is taken where it is so many times as quick."""
PAYS = 96
"""Pictures from which on a trial, which costs as much as a dozen, pays for itself."""
MOST = 8
"""Pictures of a copy's piece for each thread: a processor's cache holds the maps of few."""

UNLIKE = (RuntimeError, TypeError, AttributeError)
"""What a network's own code raises that wants its modules, or its numbers, as they were."""

Way = Literal["plain", "untried"] | Kernels
"""`plain` as the network is written, and so is `untried`, since the pictures were too few for a trial."""
UNTRIED: Way = "untried"
WAYS: tuple[Way, ...] = ("plain", UNTRIED, *get_args(Kernels))
Shapes = tuple[torch.Size, ...]

_settled: "WeakSet[nn.Module]" = WeakSet()
_chosen: dict[Shapes, Way] = {}


class QuickForward:
    """A replacement for the `forward` of features; wherever a gradient may be asked it is their own.

    Weights that changed since, as where a method draws them anew, and parts with hooks are answered by the features
    themselves.
    """

    def __init__(self, features: nn.Module, twin: nn.Module | None, piece: int) -> None:
        self.features, self.twin, self.piece = features, twin, piece
        self.state = tensors_state(features)

    def __call__(self, x: Tensor) -> Any:
        if torch.is_grad_enabled() or x.device.type != "cpu" or x.dtype != torch.float32:
            return type(self.features).forward(self.features, x)
        if torch.is_autocast_enabled("cpu") or not self.piece or self.features.training:
            return type(self.features).forward(self.features, x)
        if tensors_state(self.features) != self.state:
            return type(self.features).forward(self.features, x)
        # pieces are equal, since a small rest would cost as much as a whole one
        pieces = -(-len(x) // (self.piece * torch.get_num_threads()))
        parts = [self._answer(part) for part in x.chunk(max(1, pieces))]
        if len(parts) == 1:
            return parts[0]
        return tuple(torch.cat(of_all) for of_all in zip(*parts, strict=True))

    def _answer(self, x: Tensor) -> tuple[Tensor, ...]:
        if self.twin is None or is_watched(self.features):
            return as_tuple(type(self.features).forward(self.features, x))
        # what comes behind was written for numbers in the usual order
        seen = as_tuple(self.twin(x.contiguous(memory_format=torch.channels_last)))
        return tuple(part.contiguous() for part in seen)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the copy out of a copy of the network, whose features answer themselves."""
        return {"features": self.features, "twin": None, "piece": 0, "state": ()}


def tensors_state(network: nn.Module) -> Hashable:
    """Return what tells a network's tensors from what they become when they are written to or replaced."""
    tensors = [*network.parameters(), *network.buffers()]
    return tuple(
        (part.data_ptr(), 0 if part.is_inference() else part._version, _first(part)) for part in tensors
    )


def _first(tensor: Tensor) -> float:
    """Return a tensor's first number: what is written through `data` counts no version."""
    return float(tensor.detach()[(0,) * tensor.dim()]) if tensor.numel() else 0.0


def is_watched(network: nn.Module) -> bool:
    """Return whether a part of a network is called otherwise than a copy's: it trains, or somebody's hook is there."""
    of_all = module._global_forward_hooks or module._global_forward_pre_hooks
    return bool(of_all) or any(
        part.training or part._forward_hooks or part._forward_pre_hooks for part in network.modules()
    )


def as_tuple(seen: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return an answer and what bypasses it, also where nothing does."""
    return seen if isinstance(seen, tuple) else (seen,)


def settle_quick_features(
    features: nn.Module,
    views: Tensor,
    prepare: Callable[[Tensor], Tensor],
    images: int,
    kept: Way | None = None,
    keep: Callable[[Way], Way] | None = None,
) -> Way | None:
    """Make features answer by the quickest of several ways, chosen once by a trial on some views.

    `images` are still to come: for few a trial does not pay. The answers agree with the network's own to
    1e-5, or they stay what they are. Networks that are alike keep what was chosen.

    A way that was `kept` is gone without a trial, and one that is chosen goes to `keep`, which returns the one to
    go. Returned is the way that is gone, or None where nothing was chosen.
    """
    if views.device.type != "cpu" or features in _settled or not len(views) or kept == UNTRIED:
        return kept
    keep = keep or (lambda way: way)
    if kept is None and images < PAYS:
        return keep(UNTRIED)
    _settled.add(features)
    if not any(isinstance(layer, nn.Conv2d) for layer in features.modules()):
        return keep("plain")
    with torch.no_grad():
        x = prepare(views[:TRIED])
        shapes = (*(part.shape for part in features.parameters()), x.shape[1:])
        own, largest = seen_answers(features, x)
        way, twin = _choose(features, x, own, kept or _chosen.get(shapes))
        if kept is None and (first := keep(way)) != way:  # of another process
            way, twin = _choose(features, x, own, first)
    _chosen[shapes] = way
    # no layer's answer to a piece outgrows what the allocator keeps
    fitting = max(1, LARGEST // largest)
    piece = fitting if twin is None else min(MOST, fitting)
    features.forward = QuickForward(features, twin, piece)  # type: ignore[method-assign]
    return way


def _choose(
    features: nn.Module, x: Tensor, own: list[Tensor], known: Way | None
) -> tuple[Way, nn.Module | None]:
    """Return the `known` way or the quickest, where it agrees with the features' `own` answers, and its copy."""
    if known == "plain" or known == "untried":
        return "plain", None
    ways: tuple[Kernels, ...] = KERNELS if known is None else (known,)
    last = x.contiguous(memory_format=torch.channels_last)
    copies = {way: _agreeing_copy(features, way, last, own) for way in ways}
    agreeing: dict[Way, nn.Module] = {way: twin for way, twin in copies.items() if twin is not None}
    if known is not None:
        return (known, agreeing[known]) if agreeing else ("plain", None)
    runs: dict[Way, Callable[[], object]] = {"plain": lambda: features(x)}
    for way, twin in agreeing.items():
        runs[way] = lambda twin=twin: twin(last)  # type: ignore[misc]
    seconds = {way: GAIN * least for way, least in least_seconds(runs).items()}
    seconds["plain"] /= GAIN
    best = min(seconds, key=seconds.__getitem__)
    return best, agreeing.get(best)


def _agreeing_copy(features: nn.Module, way: Kernels, x: Tensor, own: list[Tensor]) -> nn.Module | None:
    """Return a copy that goes a way, or None where it does not answer as the features do, or not at all."""
    try:
        twin = quick_copy(features, way, lambda part: part(x), linear=True)
        return twin if twin is not None and agrees(own, twin(x)) else None
    except UNLIKE:
        return None


def least_seconds(runs: dict[Way, Callable[[], object]]) -> dict[Way, float]:
    """Return the processor seconds of each way's quickest turn."""
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(TURNS):
        for way, run in runs.items():
            began = time.process_time()
            run()
            least[way] = min(least[way], time.process_time() - began)
    return least


def seen_answers(features: nn.Module, x: Tensor) -> tuple[list[Tensor], int]:
    """Return the features' own answers, and the bytes that the largest answer of a layer takes a picture."""
    largest = [1]

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            largest.append(output.numel() * output.element_size() // len(x))

    hooks = [layer.register_forward_hook(note) for layer in features.modules() if not [*layer.children()]]
    try:
        return [part.clone() for part in as_tuple(features(x))], max(largest)
    finally:
        for hook in hooks:
            hook.remove()
