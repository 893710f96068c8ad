"""The order of a network's numbers in memory on a GPU: that in which the first batch is quicker."""

import time
from collections.abc import Callable
from weakref import WeakSet

import torch
from torch import Tensor, nn

TURNS = 3
GAIN = 1.1
"""The order that torch starts with is left for one that is so many times as quick."""

NetworkShapes = tuple[torch.Size, ...]
"""The shapes of a network's weights and of a view: networks that are alike are ordered alike."""

_settled: "WeakSet[nn.Module]" = WeakSet()
_chosen: dict[NetworkShapes, torch.memory_format] = {}


def settle_memory_order(network: nn.Module, views: Tensor, prepare: Callable[[Tensor], Tensor]) -> None:
    """Keep a network's weights with channels last if a trial on a GPU, made once, shows that it pays.

    Tensor cores want channels last, kernels for float32 often do not, and which of them a card takes for which
    layer only a trial tells. Answers differ in their last places, so networks that are alike keep what was
    chosen. A network that orders itself is left alone.
    """
    if views.device.type != "cuda" or not torch.cuda.is_available() or network in _settled or not len(views):
        return
    _settled.add(network)
    if any(part.ndim == 4 and not part.is_contiguous() for part in network.parameters()):
        return
    shapes = (*(part.shape for part in network.parameters()), views.shape[1:])
    if shapes not in _chosen:
        _chosen[shapes] = _quicker_order(network, prepare(views))
    network.to(memory_format=_chosen[shapes])


def _quicker_order(network: nn.Module, x: Tensor) -> torch.memory_format:
    usual = _seconds(network, x)
    last = _seconds(network.to(memory_format=torch.channels_last), x)
    return torch.channels_last if usual >= GAIN * last else torch.contiguous_format


@torch.no_grad()
def _seconds(network: nn.Module, x: Tensor) -> float:
    """Return the seconds of the quickest of a few turns, after one that chooses kernels."""
    taken = []
    for _ in range(1 + TURNS):
        torch.cuda.synchronize(x.device)
        began = time.perf_counter()
        network(x)
        torch.cuda.synchronize(x.device)
        taken.append(time.perf_counter() - began)
    return min(taken[1:])
