"""Linear layers of a frozen network's copy by packed products, each with the GELU behind it, on a processor.

For a copy that asks no gradient all of them pay, also those that are too small to be packed in the network itself.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from emocam.network.fused_attention import FusedAttention, is_attention
from emocam.network.handed_on import handed_on
from emocam.network.packed_product import CAN, pack

WEIGHTS = 2**12
"""Smaller layers cost next to nothing either way."""


class FusedForward:
    """A replacement for a linear layer's `forward`, which takes the GELU of the product where one is named."""

    def __init__(self, layer: nn.Linear, gelu: str | None) -> None:
        self.weight, self.bias = pack(layer.weight), layer.bias
        self.then: tuple[str, list[Any], str] = ("none", [], "") if gelu is None else ("gelu", [], gelu)

    def __call__(self, input: Tensor) -> Tensor:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(input, self.weight, self.bias, *self.then)
        return product


def gains_by_packing(layer: nn.Module) -> bool:
    """Return whether a layer is a linear one whose product gains by packing."""
    known = (
        type(layer) is nn.Linear and layer.weight.dtype == torch.float32 and layer.weight.device.type == "cpu"
    )
    return known and layer.weight.numel() >= WEIGHTS  # type: ignore[operator]


def fuse_linears(twin: nn.Module, own: nn.Module, run: Callable[[], object]) -> int:
    """Pack the linear layers and attentions of a network's copy in place, and count them.

    A linear layer takes the GELU along that it is read by. `run` calls the copy. The layers' weights are the network's
    `own` again afterwards, so that they are held once.
    Whether something else reads what goes into a GELU cannot be seen, so whoever calls this compares the answers.
    """
    if not CAN:
        return 0
    pairs = dict(handed_on(twin, run, gains_by_packing, lambda part: type(part) is nn.GELU))
    large = [(name, layer) for name, layer in twin.named_modules() if gains_by_packing(layer)]
    for name, layer in large:
        gelu: Any = twin.get_submodule(pairs[name]) if name in pairs else None
        layer.forward = FusedForward(layer, gelu and gelu.approximate)  # type: ignore[arg-type,assignment]
        layer.weight = own.get_submodule(name).weight
    for behind in pairs.values():
        twin.set_submodule(behind, nn.Identity())
    attentions = [layer for layer in twin.modules() if is_attention(layer)]
    for layer in attentions:
        layer.forward = FusedAttention(layer)  # type: ignore[arg-type,assignment]
    return len(large) + len(attentions)
