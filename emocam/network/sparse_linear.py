"""A linear layer that skips silent units: behind a ReLU most units are zero in many rows at once."""

import torch
from torch import Tensor, nn

from emocam.network.packed_product import pack, product

MOST, FEWEST = 0.9, 256
"""Of the inputs, and of the rows: else to gather weights costs what their products would."""
COPIED = {torch.float32: torch.float32, torch.bfloat16: torch.int16}
"""The numbers of weights, and as what they are gathered: as itself bfloat16 takes three times as long."""


class SparseLinear(nn.Module):
    """The same layer; an accelerator runs it as it is, since a count would make the host wait."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        # memory that is new each time costs three times as much to fill
        self.held = torch.empty(0, dtype=torch.bool)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.layer.weight
        plain = x.device.type != "cpu" or x.dtype != weight.dtype or x.dtype not in COPIED
        if plain or x.ndim != 2 or len(x) < FEWEST or torch.is_grad_enabled():
            return self.layer(x)
        # the minimum, a second pass, is needed only where the maximum leaves enough units silent
        heard = x.amax(0) != 0
        if heard.sum() <= MOST * x.shape[1]:
            heard |= x.amin(0) != 0
        awake = heard.nonzero()[:, 0]
        if len(awake) > MOST * x.shape[1]:
            return self.layer(x)
        kind = COPIED[weight.dtype]
        if self.held.dtype != kind:
            self.held = torch.empty(weight.numel(), dtype=kind)
        part = self.held[: len(weight) * len(awake)].view(len(weight), -1)
        torch.gather(weight.view(kind), 1, awake.expand(len(weight), -1), out=part)
        return product(x.index_select(1, awake), pack(part.view(weight.dtype)), self.layer.bias)
