"""GiMeFive, Wang and Kawka 2024, https://arxiv.org/abs/2402.15662: five convolutions and three linear layers."""

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import Tensor, nn

from emocam.classifier.library import LibraryClassifier, Preprocessing, draw_weights, own_weights
from emocam.network.trained import labels_of
from emocam.view.grey import GreyStretch

LABELS = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")
"""In the order of the authors' tables."""
CHANNELS = (3, 64, 128, 256, 512, 1024)
SIZE = (64, 64)
PREPROCESSING = Preprocessing(GreyStretch(SIZE, 3), SIZE, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class GiMeFiveNetwork(nn.Module):
    """Faces (B, 3, 64, 64) to logits (B, L), with the authors' names of the tensors."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (before, after) in enumerate(pairwise(CHANNELS), 1):
            layers[f"conv{number}"] = nn.Conv2d(before, after, 3, padding=1)
            layers[f"bn{number}"] = nn.BatchNorm2d(after)
            layers[f"relu{number}"] = nn.ReLU()
            layers[f"pool{number}"] = nn.MaxPool2d(2)
            if number < 5:
                layers[f"dropout{number}"] = nn.Dropout(0.2)
        layers["average"] = nn.AdaptiveAvgPool2d(1)
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.convolutions = tuple(layers)
        self.fc1, self.relu_fc1, self.dropout_fc1 = nn.Linear(1024, 2048), nn.ReLU(), nn.Dropout(0.5)
        self.fc2, self.relu_fc2 = nn.Linear(2048, 1024), nn.ReLU()
        self.fc3 = nn.Linear(1024, labels)

    def forward(self, x: Tensor) -> Tensor:
        for name in self.convolutions:
            x = self.get_submodule(name)(x)
        x = self.dropout_fc1(self.relu_fc1(self.fc1(torch.flatten(x, 1))))
        return self.fc3(self.relu_fc2(self.fc2(x)))


class GiMeFive(LibraryClassifier):
    """`weights` is a file of the authors' tensors or of `task=train`, or `random` (drawn from `seed`).

    It looks at the whole picture as if that were a face: grey, 64 x 64. What is explained is the fifth convolution,
    before its norm: 4 x 4 cells.
    """

    def __init__(
        self,
        layer: str | None = None,
        weights: str | None = None,
        labels: str | None = None,
        seed: int = 0,
        adjust: int = 0,
    ) -> None:
        names = labels_of(weights, labels, list(LABELS))
        network = draw_weights(lambda: GiMeFiveNetwork(len(names)), seed)
        note = own_weights(network, weights, len(names), "gimefive")
        super().__init__(network, names, PREPROCESSING, layer or "conv5", "gimefive", weights, adjust)
        self.weights_note = note
