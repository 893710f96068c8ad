"""Copies of frozen networks that answer the same by faster kernels of a processor."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from emocam.network.fast_convolution import way_of
from emocam.network.fused_linear import fuse_linears
from emocam.network.norm_folding import fold_norms

TOLERANCE = 1e-5
"""How far answers may be from the network's own, as a share of their largest number."""

Kernels = Literal["folded", "faster"]
KERNELS: tuple[Kernels, ...] = ("faster", "folded")


def quick_copy(
    network: nn.Module, kernels: Kernels, call: Callable[[nn.Module], Any], linear: bool = False
) -> nn.Module | None:
    """Return a copy with folded normalisations and channels last, or None where nothing is gained by it.

    `faster` has other algorithms for its convolutions as well. `call` calls a network once. Where `linear` is true the
    linear layers are packed: such a copy is asked no gradient and is never cast.
    """
    twin = copy.deepcopy(network)
    folded = fold_norms(twin, lambda: call(twin))
    folded += fuse_linears(twin, network, lambda: call(twin)) if linear else 0
    convolutions = [name for name, layer in twin.named_modules() if isinstance(layer, nn.Conv2d)]
    for layer in twin.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):  # a whole network may hold tensors of five axes
            layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if kernels == "folded":
        return twin if folded or len(convolutions) > 1 else None
    found = [(name, kind) for name in convolutions if (kind := way_of(twin.get_submodule(name)))]  # type: ignore[arg-type]
    for name, kind in found:
        twin.set_submodule(name, kind(twin.get_submodule(name)))  # type: ignore[arg-type]
    return twin if found else None


def agrees(own: Any, other: Any) -> bool:
    """Return whether two answers, of tensors in whatever order, are the same up to rounding."""
    pairs = list(zip(tensors_in(own), tensors_in(other), strict=False))
    return len(pairs) == len([*tensors_in(own)]) == len([*tensors_in(other)]) and all(
        a.shape == b.shape and (not a.numel() or bool((a - b).abs().max() <= TOLERANCE * a.abs().max()))
        for a, b in pairs
    )


def tensors_in(answer: Any) -> Iterator[Tensor]:
    """Yield the tensors of a network's answer, however they are packed."""
    if isinstance(answer, Tensor):
        yield answer
    elif isinstance(answer, Mapping):
        for part in answer.values():
            yield from tensors_in(part)
    elif isinstance(answer, list | tuple):
        for part in answer:
            yield from tensors_in(part)


class PieceByPiece(nn.Module):
    """A network that takes many rows (B, ...) in pieces, whose maps a processor's cache holds."""

    def __init__(self, network: nn.Module, rows: int) -> None:
        super().__init__()
        self.network, self.rows = network, rows

    def forward(self, x: Tensor) -> Any:
        if x.device.type != "cpu" or len(x) <= self.rows:
            return self.network(x)
        return answers_joined([self.network(part) for part in x.split(self.rows)])


def answers_joined(answers: list[Any]) -> Any:
    """Return the answers to pieces as the answer to all of them: a tensor, or a mapping of tensors."""
    first = answers[0]
    if isinstance(first, Mapping):
        return type(first)((key, torch.cat([one[key] for one in answers])) for key in first)  # type: ignore[call-arg]
    return torch.cat(answers)


def agreeing_copy(
    network: nn.Module, call: Callable[[nn.Module], Any], kernels: Sequence[Kernels] = KERNELS
) -> nn.Module:
    """Return the first copy whose answer to a `call` is the network's own, or the network where none is."""
    own = call(network)
    for kind in kernels:
        twin = quick_copy(network, kind, call)
        if twin is not None and agrees(own, call(twin)):
            return twin
    return network
