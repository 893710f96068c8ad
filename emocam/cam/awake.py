"""A linear layer that leaves out what is silent: behind a ReLU most units are zero in many rows at once."""

import torch
from torch import Tensor, nn

from emocam.functional.packed import pack, product

MOST = 0.9
"""Of the inputs: to gather more of the weights costs what their products would."""


class Awake(nn.Module):
    """Equal to the layer itself, and just that on an accelerator, where a count would make the host wait."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        self.held = torch.empty(0)  # memory that is new each time costs three times as much to fill

    def forward(self, x: Tensor) -> Tensor:
        weight = self.layer.weight
        plain = x.device.type != "cpu" or {x.dtype, weight.dtype} != {torch.float32}
        if plain or x.ndim != 2 or not len(x) or torch.is_grad_enabled():
            return self.layer(x)
        heard = x.amax(0) != 0
        if heard.sum() <= MOST * x.shape[1]:
            heard |= x.amin(0) != 0
        awake = heard.nonzero()[:, 0]
        if len(awake) > MOST * x.shape[1]:
            return self.layer(x)
        if not len(self.held):
            self.held = weight.new_empty(weight.numel())
        part = self.held[: len(weight) * len(awake)].view(len(weight), -1)
        torch.index_select(weight, 1, awake, out=part)
        return product(x.index_select(1, awake), pack(part), self.layer.bias)
