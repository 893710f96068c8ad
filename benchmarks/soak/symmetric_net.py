"""A small network that sees a mirrored picture as the mirrored one, for tests of what must change with its pictures."""

from collections.abc import Sequence

import torch
from PIL.Image import Resampling
from torch import nn

from emocam.classifier.base import Classifier
from emocam.view.crops import Stretch

SIDE = 48
LABELS = ("awe", "calm", "fear", "joy")


class SymmetricNet(Classifier):
    """Each kernel is its own mirror image, and `order` puts the labels, with their weights, in another order."""

    def __init__(self, seed: int = 0, order: Sequence[int] = (0, 1, 2, 3)) -> None:
        super().__init__()
        self.labels, self.layer = [LABELS[place] for place in order], "the second"
        # a mean of the pixels that become one: a picture of twice the size, pixel by pixel, is seen as itself
        self.view = Stretch((SIDE, SIDE), Resampling.BOX)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            self.features = nn.Sequential(
                nn.Conv2d(3, 8, 5, padding=2),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(8, 12, 3, padding=1),
                nn.ReLU(),
            )
            last = nn.Linear(12, len(LABELS))
            for layer in self.features:
                if isinstance(layer, nn.Conv2d):
                    kernel = layer.weight
                    layer.weight.copy_(
                        (kernel + kernel.flip(-1) + kernel.flip(-2) + kernel.flip((-1, -2))) / 2
                    )
            last.weight.copy_(8 * last.weight[list(order)])
            last.bias.copy_(last.bias[list(order)])
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)
        self.freeze()

    def prepare(self, view: torch.Tensor) -> torch.Tensor:
        return view.float() / 64 - 2
