"""Fast features of inputs that differ from the first only inside a small window.

A layer of convolution, pooling or arithmetic by the pixel sees no more of its input than its kernel
reaches, so that its output differs from that of the first input only where a kernel touches the window. So
each window is sent through the early layers by itself, with as much of the first input around it as the
kernels reach, until the windows fill most of the map. From there on whole maps go on together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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
    """The kernel, stride and padding of one layer along one axis."""

    kernel: int
    stride: int
    padding: int

    def touched(self, low: int, high: int, length: int) -> tuple[int, int]:
        """Return the range of the `length` outputs that see any input from `low` to before `high`."""
        first = max(0, (low + self.padding - self.kernel) // self.stride + 1)
        return first, max(first, min(length, (high - 1 + self.padding) // self.stride + 1))

    def seen(self, low: int, high: int) -> tuple[int, int]:
        """Return the range of inputs seen by outputs from `low` to before `high`, also outside of the map."""
        return low * self.stride - self.padding, (high - 1) * self.stride - self.padding + self.kernel


def reaches(layer: nn.Module) -> tuple[Reach, Reach] | None:
    """Return a layer's reach down and across, or None for a layer that may look anywhere."""
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
    """The part in which an input differs from the first: rows `y`, columns `x`, and its values (C, h, w)."""

    y: tuple[int, int]
    x: tuple[int, int]
    values: Tensor

    @property
    def corner(self) -> tuple[int, int]:
        return self.y[0], self.x[0]


class _Touched(NamedTuple):
    """The outputs `y`, `x` that one input's window touches, and the corner of the inputs that they see."""

    number: int
    corner: tuple[int, int]
    y: tuple[int, int]
    x: tuple[int, int]


def lay_window(values: Tensor, at: tuple[int, int], onto: Tensor, corner: tuple[int, int] = (0, 0)) -> None:
    """Copy values (C, h, w), with their first pixel `at` (y, x), onto the part of a map with this corner."""
    source, target = [], []
    for a, c, n, m in zip(at, corner, values.shape[-2:], onto.shape[-2:], strict=True):
        # where both lie, in the frame of the whole map; nothing, if they do not meet
        start = max(a, c)
        end = min(a + n, c + m)
        source.append(slice(max(start - a, 0), max(end - a, 0)))
        target.append(slice(max(start - c, 0), max(end - c, 0)))
    onto[:, target[0], target[1]] = values[:, source[0], source[1]]


def difference(first: Tensor, other: Tensor) -> Window | None:
    """Return the smallest window in which (C, h, w) and another input differ, or None if they are equal."""
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
    """Return the windows that the given ones touch in the output `after` (1, C, h, w) of a layer.

    Windows for which the layer must see inputs of one size go through it together.
    """
    reach = reaches(layer)
    assert reach is not None
    down, across = reach
    height, width = after.shape[-2:]
    alike: dict[tuple[int, int], list[_Touched]] = {}
    for i, window in windows.items():
        y = down.touched(*window.y, height)
        x = across.touched(*window.x, width)
        if y[0] < y[1] and x[0] < x[1]:
            top, bottom = down.seen(*y)
            left, right = across.seen(*x)
            alike.setdefault((bottom - top, right - left), []).append(_Touched(i, (top, left), y, x))
    reached = {}
    for size, members in alike.items():
        inputs = _gather(layer, before, size, [(windows[one.number], one.corner) for one in members])
        for values, one in zip(_through(layer, inputs), members, strict=True):
            reached[one.number] = Window(one.y, one.x, values)
    return reached


def _gather(
    layer: nn.Module, before: Tensor, size: tuple[int, int], parts: Sequence[tuple[Window, tuple[int, int]]]
) -> Tensor:
    """Gather what the layer sees of each input from a corner on, with padding (M, C, *size)."""
    beyond = -torch.inf if isinstance(layer, nn.MaxPool2d) else 0.0
    inputs = before.new_full((len(parts), before.shape[1], *size), beyond)
    inputs = inputs.contiguous(memory_format=layout_of(before))
    for part, (window, corner) in zip(inputs, parts, strict=True):
        lay_window(before[0], (0, 0), part, corner)
        lay_window(window.values, window.corner, part, corner)
    return inputs


def _through(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Run the layer without its padding."""
    if isinstance(layer, nn.Conv2d):
        return conv2d(inputs, layer.weight, layer.bias, layer.stride, 0, 1, layer.groups)
    if isinstance(layer, nn.MaxPool2d):
        return max_pool2d(inputs, layer.kernel_size, layer.stride)
    return layer(inputs)


def layout_of(x: Tensor) -> torch.memory_format:
    last = x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def window_share(windows: Mapping[int, Window], whole: Tensor) -> float:
    """Return the mean share of their maps that the windows cover."""
    area = sum(window.values[0].numel() for window in windows.values())
    return area / max(1, len(windows) * whole.shape[-2] * whole.shape[-1])


class ChangedWindows(nn.Sequential):
    """A row of layers for inputs (B, C, h, w) that resemble the first one."""

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
