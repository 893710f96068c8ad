"""Linear layers of a frozen network, faster on a processor: their weights are packed once they are used."""

from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from emocam.network.packed_product import pack, product

WEIGHTS = 2**18
"""Smaller layers cost next to nothing either way."""

Network = TypeVar("Network", bound=nn.Module)


class PackedForward:
    """Stands in for the `forward` of a layer, which stays a linear layer to all that walks through networks.

    A gradient comes back to the input by the packed transpose.
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
        """The weights, or their transpose; anew where they have changed."""
        weight = self.layer.weight
        state = weight.data_ptr(), weight._version
        if way not in self.held or self.held[way][0] != state:
            self.held[way] = state, pack(weight if way == "forward" else weight.T)
        return self.held[way][1]

    def __getstate__(self) -> dict[str, Any]:
        """A copy packs its own."""
        return {"layer": self.layer, "held": {}}


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: PackedForward) -> Tensor:
        ctx.layer = layer
        return product(x, layer.packed("forward"))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return product(gradient, ctx.layer.packed("back")), None


def packing(network: Network) -> Network:
    """The network itself; its large linear layers answer the same, faster."""
    for layer in network.modules():
        if type(layer) is nn.Linear and layer.weight.numel() >= WEIGHTS:
            layer.forward = PackedForward(layer)  # type: ignore[method-assign]
    return network
