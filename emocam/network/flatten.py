"""A step from a map to a row of numbers that explanation libraries can walk through."""

from torch import Tensor, nn


class Flatten(nn.Module):
    """The step (B, C, h, w) -> (B, C h w)."""

    def __init__(self) -> None:
        super().__init__()
        # captum's LRP refuses leaves that it does not know, torch's own Flatten among them
        self.same = nn.Dropout(0)

    def forward(self, x: Tensor) -> Tensor:
        return self.same(x.flatten(1))
