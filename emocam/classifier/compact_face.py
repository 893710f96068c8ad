"""A small network for aligned grey faces: 670,966 parameters, with residual steps and a map of 8 x 8 cells."""

from torch import Tensor, nn

from emocam.classifier.gimefive import LABELS
from emocam.classifier.library import LibraryClassifier, Preprocessing, draw_weights, own_weights
from emocam.network.trained import labels_of
from emocam.view.grey import GreyStretch

SIZE = (64, 64)
PREPROCESSING = Preprocessing(GreyStretch(SIZE), SIZE, (0.5,), (0.25,))


def normed_convolution(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


class Residual(nn.Module):
    """x plus two convolutions of it, of the same channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.step = nn.Sequential(
            *normed_convolution(channels, channels), *normed_convolution(channels, channels)[:2]
        )
        self.rectify = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.rectify(x + self.step(x))


class CompactFaceNetwork(nn.Module):
    """Faces (B, 1, 64, 64) to logits (B, L)."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(*normed_convolution(1, 16), nn.MaxPool2d(2))
        self.block1 = nn.Sequential(*normed_convolution(16, 32), Residual(32), nn.MaxPool2d(2))
        self.block2 = nn.Sequential(*normed_convolution(32, 64), Residual(64), nn.MaxPool2d(2))
        self.block3 = nn.Sequential(*normed_convolution(64, 128), Residual(128))
        self.last = nn.Sequential(*normed_convolution(128, 160))
        self.average, self.flatten, self.dropout = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.3)
        self.output = nn.Linear(160, labels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.last(self.block3(self.block2(self.block1(self.stem(x)))))
        return self.output(self.dropout(self.flatten(self.average(x))))


class CompactFace(LibraryClassifier):
    """`weights` is a file that `task=train` left, or `random` (drawn from `seed`); none is shipped.

    It looks at the whole picture as if that were a face: grey, 64 x 64. What is explained is the last convolution
    after its ReLU: 8 x 8 cells.
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
        network = draw_weights(lambda: CompactFaceNetwork(len(names)), seed)
        note = own_weights(network, weights, len(names), "compact_face")
        super().__init__(network, names, PREPROCESSING, layer or "last", "compact_face", weights, adjust)
        self.weights_note = note
