"""The same features for many inputs that are alike but for a window each.

A layer of convolution, pooling or arithmetic by the pixel sees no more of its input than its kernel
reaches, so that outside of what this window touches its output is that of the first input. Each window
is therefore sent through the early layers by itself, with as much of the first input around it as its
kernels reach, until the windows fill most of the map. From there on whole maps go on together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

from emocam.network.in_batches import InPieces
from emocam.network.response_norm import ResponseNorm

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
    """What differs from the first input: rows `y`, columns `x`, and the values there (C, h, w)."""

    y: tuple[int, int]
    x: tuple[int, int]
    values: Tensor

    @property
    def corner(self) -> tuple[int, int]:
        return self.y[0], self.x[0]


def lay_window(values: Tensor, at: tuple[int, int], onto: Tensor, corner: tuple[int, int] = (0, 0)) -> None:
    """Copies (C, h, w), whose first pixel lies `at` (y, x), to where it meets a part of a map with that corner."""
    starts = [max(a, c) for a, c in zip(at, corner, strict=True)]
    ends = [
        min(a + n, c + m) for a, c, n, m in zip(at, corner, values.shape[-2:], onto.shape[-2:], strict=True)
    ]
    source, target = (
        [
            slice(max(start - first, 0), max(end - first, 0))
            for start, end, first in zip(starts, ends, of, strict=True)
        ]
        for of in (at, corner)
    )
    onto[:, target[0], target[1]] = values[:, source[0], source[1]]


def difference(first: Tensor, other: Tensor) -> Window | None:
    """The smallest window that holds all in which (C, h, w) and another differ, if they do."""
    # numpy's truths are found several times as fast as torch's
    one, two = (values.permute(1, 2, 0).flatten(1).numpy() for values in (first, other))
    differs = one != two
    rows = differs.any(1).nonzero()[0]
    if not len(rows):
        return None
    columns = differs[rows[0] : rows[-1] + 1].any(0).nonzero()[0] // len(first)
    y, x = ((int(places[0]), int(places[-1]) + 1) for places in (rows, columns))
    return Window(y, x, other[:, y[0] : y[1], x[0] : x[1]])


def advance(
    layer: nn.Module, before: Tensor, after: Tensor, windows: Mapping[int, Window]
) -> dict[int, Window]:
    """The windows that windows touch, if any, of the layer whose output of (1, C, h, w) is `after`.

    What the layer must see for them is as large for many; those go through together.
    """
    found = reaches(layer)
    assert found is not None
    alike: dict[tuple[int, int], list[tuple[int, tuple[int, int], list[tuple[int, int]]]]] = {}
    for i, window in windows.items():
        outputs = [
            r.touched(*span, n)
            for r, span, n in zip(found, (window.y, window.x), after.shape[-2:], strict=True)
        ]
        if all(low < high for low, high in outputs):
            (top, bottom), (left, right) = (r.seen(*span) for r, span in zip(found, outputs, strict=True))
            alike.setdefault((bottom - top, right - left), []).append((i, (top, left), outputs))
    reached = {}
    for size, members in alike.items():
        given = _given(layer, before, size, [(windows[i], corner) for i, corner, _ in members])
        for values, (i, _, (y, x)) in zip(_through(layer, given), members, strict=True):
            reached[i] = Window(y, x, values)
    return reached


def _given(
    layer: nn.Module, before: Tensor, size: tuple[int, int], parts: Sequence[tuple[Window, tuple[int, int]]]
) -> Tensor:
    """What the layer sees of each input, from a corner on, padding and all: (M, C, *size)."""
    beyond = -torch.inf if isinstance(layer, nn.MaxPool2d) else 0.0
    given = before.new_full((len(parts), before.shape[1], *size), beyond)
    given = given.contiguous(memory_format=layout_of(before))
    for part, (window, corner) in zip(given, parts, strict=True):
        lay_window(before[0], (0, 0), part, corner)
        lay_window(window.values, window.corner, part, corner)
    return given


def _through(layer: nn.Module, given: Tensor) -> Tensor:
    """The layer, without padding."""
    if isinstance(layer, nn.Conv2d):
        return conv2d(given, layer.weight, layer.bias, layer.stride, 0, 1, layer.groups)
    if isinstance(layer, nn.MaxPool2d):
        return max_pool2d(given, layer.kernel_size, layer.stride)
    return layer(given)


def layout_of(x: Tensor) -> torch.memory_format:
    last = x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def window_share(windows: Mapping[int, Window], whole: Tensor) -> float:
    """How much of their maps the windows are, in the mean."""
    area = sum(window.values[0].numel() for window in windows.values())
    return area / max(1, len(windows) * whole.shape[-2] * whole.shape[-1])


class ChangedWindows(nn.Sequential):
    """A row of layers, for inputs (B, C, h, w) that are like the first."""

    def forward(self, x: Tensor) -> Tensor:
        # an accelerator is faster with them all at once
        if len(x) < 2 or x.device.type != "cpu" or x.requires_grad:
            return super().forward(x)
        layers = list(self)
        first = x[:1]
        windows = {i: window for i in range(1, len(x)) if (window := difference(x[0], x[i]))}
        if window_share(windows, x) > MOST:
            return super().forward(x)
        while layers and reaches(layers[0]) is not None:
            after = layers[0](first)
            first, windows = after, advance(layers[0], first, after, windows)
            layers.pop(0)
            if window_share(windows, first) > MOST:
                break
        whole = first.expand(len(x), -1, -1, -1).clone(memory_format=layout_of(first))
        for i, window in windows.items():
            lay_window(window.values, window.corner, whole[i])
        return InPieces(*layers)(whole)
