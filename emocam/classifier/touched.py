"""The same features for many inputs that are alike but for a window each.

A layer of convolution, pooling or arithmetic by the pixel sees no more of its input than its kernel
reaches, so that outside of what this window touches its output is that of the first input. Each window
is therefore sent through the early layers by itself, with as much of the first input around it as its
kernels reach, until the windows fill most of the map. From there on whole maps go on together.
"""

from collections import OrderedDict
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d, pad

from emocam.classifier.base import Classifier
from emocam.classifier.in_pieces import InPieces
from emocam.classifier.response_norm import ResponseNorm

ALONE = (nn.ReLU, ResponseNorm, nn.Identity)
"""Layers that look at one pixel at a time."""
MOST = 0.5
"""Of the map: larger windows cost more by themselves than all together."""


@dataclass(frozen=True)
class Reach:
    """Along one axis, for one layer."""

    kernel: int
    stride: int
    padding: int

    def touched(self, low: int, high: int, length: int) -> tuple[int, int]:
        """The outputs, of `length`, that see any of the inputs from `low` to before `high`."""
        first = max(0, (low + self.padding - self.kernel) // self.stride + 1)
        return first, max(first, min(length, (high - 1 + self.padding) // self.stride + 1))

    def seen(self, low: int, high: int) -> tuple[int, int]:
        """The inputs that these outputs see, also outside of the map."""
        return low * self.stride - self.padding, (high - 1) * self.stride - self.padding + self.kernel


def reaches(layer: nn.Module) -> tuple[Reach, Reach] | None:
    """Down and across; None of a layer that may look anywhere."""
    if isinstance(layer, ALONE):
        return Reach(1, 1, 0), Reach(1, 1, 0)
    plain = isinstance(layer, nn.Conv2d) and layer.padding_mode == "zeros" and layer.padding != "same"
    pool = isinstance(layer, nn.MaxPool2d) and not layer.ceil_mode and not layer.return_indices
    if not (plain or pool) or layer.padding == "valid" or set(_pair(layer.dilation)) != {1}:
        return None
    kernel, stride, padding = (_pair(getattr(layer, n)) for n in ("kernel_size", "stride", "padding"))
    down, across = (Reach(kernel[i], stride[i], padding[i]) for i in (0, 1))
    return down, across


def _pair(value: object) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)  # type: ignore[return-value]


@dataclass(frozen=True)
class Window:
    """What differs from the first input: rows `y`, columns `x`, ends outside, and the values (1, C, h, w)."""

    y: tuple[int, int]
    x: tuple[int, int]
    values: Tensor

    def into(self, whole: Tensor, corner: tuple[int, int] = (0, 0)) -> None:
        (top, bottom), (left, right) = self.y, self.x
        whole[..., top - corner[0] : bottom - corner[0], left - corner[1] : right - corner[1]] = self.values


def difference(first: Tensor, other: Tensor) -> Window | None:
    """The smallest window that holds all in which (C, h, w) and another differ, if they do."""
    differs = (first != other).any(0)
    spans = []
    for axis in (1, 0):
        places = differs.any(axis).nonzero().flatten()
        if not len(places):
            return None
        spans.append((int(places[0]), int(places[-1]) + 1))
    y, x = spans
    return Window(y, x, other[None, :, y[0] : y[1], x[0] : x[1]])


def advance(layer: nn.Module, before: Tensor, after: Tensor, window: Window) -> Window | None:
    """The window that a window touches, if any, of the layer whose output of (1, C, h, w) is `after`."""
    found = reaches(layer)
    assert found is not None
    y, x = (
        r.touched(*span, n) for r, span, n in zip(found, (window.y, window.x), after.shape[-2:], strict=True)
    )
    if y[0] == y[1] or x[0] == x[1]:
        return None
    seen = [r.seen(*span) for r, span in zip(found, (y, x), strict=True)]
    (top, bottom), (left, right) = (
        (max(low, 0), min(high, n)) for (low, high), n in zip(seen, before.shape[-2:], strict=True)
    )
    around = before[..., top:bottom, left:right].clone()
    # what lies beside the window is the first input's, also where the window reaches out of what is seen
    _clipped(window, top, bottom, left, right).into(around, (top, left))
    outside = (left - seen[1][0], seen[1][1] - right, top - seen[0][0], seen[0][1] - bottom)
    if isinstance(layer, nn.Conv2d):
        around = pad(around, outside)
        return Window(y, x, conv2d(around, layer.weight, layer.bias, layer.stride, 0, 1, layer.groups))
    if isinstance(layer, nn.MaxPool2d):
        around = pad(around, outside, value=-torch.inf)
        return Window(y, x, max_pool2d(around, layer.kernel_size, layer.stride))
    return Window(y, x, layer(around))


def _clipped(window: Window, top: int, bottom: int, left: int, right: int) -> Window:
    """Strides may leave rows and columns of a window that no output sees."""
    y = max(window.y[0], top), min(window.y[1], bottom)
    x = max(window.x[0], left), min(window.x[1], right)
    rows = slice(y[0] - window.y[0], y[1] - window.y[0])
    columns = slice(x[0] - window.x[0], x[1] - window.x[0])
    return Window(y, x, window.values[..., rows, columns])


def share(windows: Mapping[int, Window | None], whole: Tensor) -> float:
    """How much of their maps the windows are, in the mean."""
    area = sum((w.y[1] - w.y[0]) * (w.x[1] - w.x[0]) for w in windows.values() if w)
    return area / max(1, sum(map(bool, windows.values())) * whole.shape[-2] * whole.shape[-1])


class Alike(nn.Sequential):
    """A row of layers, for inputs (B, C, h, w) that are like the first."""

    def forward(self, x: Tensor) -> Tensor:
        # an accelerator is faster with them all at once
        if len(x) < 2 or x.device.type != "cpu" or x.requires_grad:
            return super().forward(x)
        layers = list(self)
        first, windows = x[:1], {i: difference(x[0], x[i]) for i in range(1, len(x))}
        if share(windows, x) > MOST:
            return super().forward(x)
        while layers and reaches(layers[0]) is not None:
            after = layers[0](first)
            reached = {i: advance(layers[0], first, after, window) for i, window in windows.items() if window}
            first, windows = after, reached
            layers.pop(0)
            if share(windows, after) > MOST:
                break
        layout = (
            torch.channels_last
            if first.is_contiguous(memory_format=torch.channels_last)
            else torch.contiguous_format
        )
        whole = first.expand(len(x), -1, -1, -1).clone(memory_format=layout)
        for i, window in windows.items():
            if window:
                window.into(whole[i : i + 1])
        return InPieces(*layers)(whole)


def for_alike(classifier: Classifier) -> Classifier:
    """The classifier for inputs that are like the first of their batch, with the same weights."""
    features = classifier.features
    rows = nn.Sequential.forward, InPieces.forward
    if not isinstance(features, nn.Sequential) or type(features).forward not in rows:
        return classifier
    twin = copy(classifier)
    twin._modules = dict(classifier._modules)  # a module's copy would else share its parts' places
    twin.features = Alike(OrderedDict(features.named_children()))
    return twin
