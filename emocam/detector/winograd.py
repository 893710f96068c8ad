"""A network's convolutions, faster on a processor: an accelerator's libraries choose such ways themselves."""

from typing import TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emocam.functional.winograd import convolve, kernel_at_points

CHANNELS = 64
"""Below so many, going to the points and back costs what the products save."""


class Winograd(nn.Module):
    """A convolution of 3 x 3 pixels that reads its kernel at the points, where a processor computes in float32."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        self.kernel: Tensor | None = None  # four times the weights: made where it is used

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.convolution.weight, self.convolution.bias
        if x.device.type != "cpu" or weight.dtype != torch.float32 or x.requires_grad:
            return self.convolution(x)
        if self.kernel is None:
            self.kernel = kernel_at_points(weight)
        return convolve(x, self.kernel, bias)


def pays(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    return (
        isinstance(layer, nn.Conv2d)
        and layer.kernel_size == (3, 3)
        and layer.stride == layer.padding == layer.dilation == (1, 1)
        and (layer.groups, layer.padding_mode) == (1, "zeros")
        and min(layer.in_channels, layer.out_channels) >= CHANNELS
    )


def with_winograd(network: nn.Module) -> nn.Module:
    """The network itself, with batch normalisations that follow a convolution taken into its weights."""
    for row in [m for m in network.modules() if isinstance(m, nn.Sequential | nn.ModuleList)]:
        for i, (layer, then) in enumerate(zip(row, list(row)[1:], strict=False)):
            if isinstance(layer, nn.Conv2d) and isinstance(then, nn.BatchNorm2d):
                row[i], row[i + 1] = fuse_conv_bn_eval(layer, then), nn.Identity()
    for module in list(network.modules()):
        for name, layer in module.named_children():
            if pays(layer):
                setattr(module, name, Winograd(layer))
    return network
