"""The networks of the planted photographs: EfficientNet-Lite0 to stride 16, and what learns behind it.

Three kinds learn from the same kept blocks: EfficientNet's own next stage, residual blocks, and a transformer
whose tokens are the 10 x 10 cells.
"""

from typing import Any

import torch
from torch import Tensor, nn

KEPT = 5
"""Blocks, the stem the first, that stay as they were trained on ImageNet."""
KEPT_CHANNELS, CHANNELS, WIDTH, SIDE = 80, 32, 96, 10
HEADS, LAYERS, RESIDUALS = 4, 3, 3
NETWORKS = ("lite0", "residual", "transformer")


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions whose answer is added to their input, (B, C, h, w)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.norm, self.last_norm = (nn.BatchNorm2d(width) for _ in range(2))
        self.rectify, self.last_rectify = nn.ReLU(), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        answer = self.last_norm(self.second(self.rectify(self.norm(self.first(x)))))
        return self.last_rectify(x + answer)


class CellTransformer(nn.Module):
    """Cells (B, C, h, w) as tokens that know where they stand, through layers of attention, and back."""

    def __init__(self, width: int, layers: int, side: int) -> None:
        super().__init__()
        self.place = nn.Parameter(0.02 * torch.randn(1, side * side, width))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, HEADS, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2) + self.place
        for layer in self.layers:
            tokens = layer(tokens)
        return self.norm(tokens).transpose(1, 2).unflatten(2, x.shape[-2:])


def build_photograph_features(kind: str = "lite0") -> nn.Sequential:
    """Build (B, 3, 160, 160) -> (B, 32, 10, 10), the first `KEPT` blocks EfficientNet-Lite0's."""
    import timm  # here alone: the small networks need no library

    network: Any = timm.create_model("tf_efficientnet_lite0")
    stem = nn.Sequential(network.conv_stem, network.bn1)
    kept = [stem, *network.blocks[: KEPT - 1]]
    if kind == "lite0":
        return nn.Sequential(*kept, network.blocks[KEPT - 1], nn.Conv2d(112, CHANNELS, 1))
    widened = nn.Sequential(nn.Conv2d(KEPT_CHANNELS, WIDTH, 1), nn.BatchNorm2d(WIDTH))
    if kind == "residual":
        learning: list[nn.Module] = [widened, *(ResidualBlock(WIDTH) for _ in range(RESIDUALS))]
    else:
        learning = [widened, CellTransformer(WIDTH, LAYERS, SIDE)]
    return nn.Sequential(*kept, *learning, nn.Conv2d(WIDTH, CHANNELS, 1))
