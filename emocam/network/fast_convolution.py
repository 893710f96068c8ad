"""Faster convolutions on a processor; on an accelerator the libraries choose such algorithms themselves."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emocam.network.packed_product import pack, product
from emocam.network.winograd import convolve, kernel_at_points

CHANNELS = 64
"""Below so many, going to Winograd's points and back costs what the products save."""


class Prepared(nn.Module):
    """A convolution by another algorithm with prepared weights, for float32 on a processor."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        self.kernel: Any = None  # made where it is used

    def forward(self, x: Tensor) -> Tensor:
        weight = self.convolution.weight
        bias = self.convolution.bias
        if x.device.type != "cpu" or weight.dtype != torch.float32 or x.requires_grad:
            return self.convolution(x)
        if self.kernel is None:
            self.kernel = self.prepare(weight)
        return self.convolve(x, self.kernel, bias)

    def prepare(self, weight: Tensor) -> Any:
        """Return the weights as the algorithm wants them."""
        raise NotImplementedError

    def convolve(self, x: Tensor, kernel: Any, bias: Tensor | None) -> Tensor:
        """Convolve with prepared weights."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """Leave the prepared weights out of a copy, which prepares its own."""
        return {**super().__getstate__(), "kernel": None}


class Winograd(Prepared):
    """A convolution of 3 x 3 pixels by Winograd's algorithm."""

    def prepare(self, weight: Tensor) -> list[Tensor]:
        return kernel_at_points(weight)

    def convolve(self, x: Tensor, kernel: list[Tensor], bias: Tensor | None) -> Tensor:
        return convolve(x, kernel, bias)


class Pixelwise(Prepared):
    """A convolution of 1 x 1 pixels as one product of matrices."""

    def prepare(self, weight: Tensor) -> Tensor:
        return pack(weight[:, :, 0, 0])

    def convolve(self, x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        return product(x.permute(0, 2, 3, 1), kernel, bias).permute(0, 3, 1, 2)


def way_of(layer: nn.Conv2d) -> type[Prepared] | None:
    """Return the faster algorithm for a layer, or None if there is none."""
    usual = layer.stride == layer.dilation == (1, 1) and (layer.groups, layer.padding_mode) == (1, "zeros")
    if usual and (layer.kernel_size, layer.padding) == ((1, 1), (0, 0)):
        return Pixelwise
    wide = min(layer.in_channels, layer.out_channels) >= CHANNELS
    return Winograd if usual and wide and (layer.kernel_size, layer.padding) == ((3, 3), (1, 1)) else None


def faster(network: nn.Module) -> nn.Module:
    """Speed up a network's convolutions in place, with the batch normalisations behind them fused in."""
    for row in [m for m in network.modules() if isinstance(m, nn.Sequential | nn.ModuleList)]:
        for i, (layer, then) in enumerate(zip(row, list(row)[1:], strict=False)):
            if isinstance(layer, nn.Conv2d) and isinstance(then, nn.BatchNorm2d):
                row[i], row[i + 1] = fuse_conv_bn_eval(layer, then), nn.Identity()
    for module in list(network.modules()):
        for name, layer in module.named_children():
            if isinstance(layer, nn.Conv2d) and (way := way_of(layer)):
                setattr(module, name, way(layer))
    return network
