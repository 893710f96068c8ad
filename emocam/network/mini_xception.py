"""Mini-Xception, Arriaga et al. 2017, https://arxiv.org/abs/1710.07557, as Keras computes it."""

from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-3
"""Of Keras' batch normalisation; torch's own is another."""


class Separable(nn.Module):
    """A convolution of each channel, then one across all channels at each place."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(before, before, 3, padding=1, groups=before, bias=False)
        self.pointwise = nn.Conv2d(before, after, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


class SamePool(nn.Module):
    """A pooling that halves both sides; TensorFlow's `same` pads left and above only where a side is odd."""

    def forward(self, x: Tensor) -> Tensor:
        top, left = x.shape[-2] % 2, x.shape[-1] % 2
        return F.max_pool2d(F.pad(x, (left, 1, top, 1), value=float("-inf")), 3, 2)


class MiniXception(nn.Module):
    """The network (B, 1, 64, 64) -> logits (B, L); children have the names of the Keras file's layers."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.conv2d_1 = nn.Conv2d(1, 8, 3, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(8, EPSILON)
        self.activation_1 = nn.ReLU()
        self.conv2d_2 = nn.Conv2d(8, 8, 3, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(8, EPSILON)
        self.activation_2 = nn.ReLU()
        for i, channels in enumerate((16, 32, 64, 128)):
            before = channels // 2
            self.add_module(f"conv2d_{i + 3}", nn.Conv2d(before, channels, 1, stride=2, bias=False))
            self.add_module(f"separable_conv2d_{2 * i + 1}", Separable(before, channels))
            self.add_module(f"separable_conv2d_{2 * i + 2}", Separable(channels, channels))
            for j in (3, 4, 5):
                self.add_module(f"batch_normalization_{3 * i + j}", nn.BatchNorm2d(channels, EPSILON))
            self.add_module(f"activation_{i + 3}", nn.ReLU())
            self.add_module(f"max_pooling2d_{i + 1}", SamePool())
        self.conv2d_7 = nn.Conv2d(128, labels, 3, padding=1)
        self.average = nn.AdaptiveAvgPool2d(1)

    def block(self, x: Tensor, i: int) -> Tensor:
        """Build two separable convolutions and a short cut beside them, both to half the size."""
        child = self.get_submodule
        aside = child(f"batch_normalization_{3 * i + 3}")(child(f"conv2d_{i + 3}")(x))
        x = child(f"batch_normalization_{3 * i + 4}")(child(f"separable_conv2d_{2 * i + 1}")(x))
        x = child(f"separable_conv2d_{2 * i + 2}")(child(f"activation_{i + 3}")(x))
        x = child(f"batch_normalization_{3 * i + 5}")(x)
        return child(f"max_pooling2d_{i + 1}")(x) + aside

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation_1(self.batch_normalization_1(self.conv2d_1(x)))
        x = self.activation_2(self.batch_normalization_2(self.conv2d_2(x)))
        for i in range(4):
            x = self.block(x, i)
        return self.average(self.conv2d_7(x)).flatten(1)
