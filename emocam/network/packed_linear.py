"""Linear layers of a frozen network, made faster on a processor: weights are packed at their first use."""

from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from emocam.network.packed_product import pack, product

WEIGHTS = 2**18
"""Smaller layers cost next to nothing either way."""

Network = TypeVar("Network", bound=nn.Module)


class PackedForward:
    """A replacement for a layer's `forward`; the layer remains a linear layer for code that walks networks.

    A gradient returns to the input through the packed transpose.
    """

    def __init__(self, layer: nn.Linear) -> None:
        self.layer = layer
        self.held: dict[str, tuple[tuple[int, int], Tensor]] = {}

    def __call__(self, input: Tensor) -> Tensor:
        weight = self.layer.weight
        bias = self.layer.bias
        alone = input.numel() == input.shape[-1]  # one row reads each weight once: nothing to pack for
        plain = weight.device.type != "cpu" or {input.dtype, weight.dtype} != {torch.float32}
        # inference tensors do not tell whether they have changed
        if alone or plain or weight.requires_grad or weight.is_inference():
            return nn.Linear.forward(self.layer, input)
        if not (input.requires_grad and torch.is_grad_enabled()):
            return product(input, self.packed("forward"), bias)
        y: Tensor = _Product.apply(input, self)  # type: ignore[no-untyped-call]
        return y if bias is None else y + bias

    def packed(self, way: Literal["forward", "back"]) -> Tensor:
        """Return the packed weights, or their packed transpose; changed weights are packed again."""
        weight = self.layer.weight
        state = weight.data_ptr(), weight._version
        if way not in self.held or self.held[way][0] != state:
            self.held[way] = state, pack(weight if way == "forward" else weight.T)
        return self.held[way][1]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the packed weights out of a copy, which packs its own."""
        return {"layer": self.layer, "held": {}}


class _Product(torch.autograd.Function):
    """A product with a layer's packed weights and its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: PackedForward) -> Tensor:
        ctx.layer = layer
        return product(x, layer.packed("forward"))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return product(gradient, ctx.layer.packed("back")), None


def packing(network: Network) -> Network:
    """Make a network's large linear layers faster in place; their results stay the same."""
    for layer in network.modules():
        if type(layer) is nn.Linear and layer.weight.numel() >= WEIGHTS:
            layer.forward = PackedForward(layer)  # type: ignore[method-assign]
    return network
