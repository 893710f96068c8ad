"""A TensorFlow Lite file as a torch module, with the operators that small networks of pictures have.

Pictures are (B, C, H, W) inside, whatever the file's order; outputs are in the file's own.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emocam.errors import SettingError
from emocam.network.tflite_file import NO_TENSOR, DamagedFile, Graph, Operation, TensorInfo, read_graph

LARGEST_SIDE = 4096
"""Pixels, steps and cells along a side: a number in a file is a claim, for which the file pays nothing."""
AXES = {0: 0, 1: 2, 2: 3, 3: 1}
"""Where the axes of (batch, height, width, channels) are in torch's order."""
ACTIVATIONS: dict[int, Callable[[], nn.Module]] = {
    0: nn.Identity,
    1: nn.ReLU,
    2: lambda: nn.Hardtanh(-1, 1),
    3: nn.ReLU6,
    4: nn.Tanh,
}


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return what TensorFlow's `same` pads before and after: the odd pixel comes after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SamePadding(nn.Module):
    """Padding of pictures as TensorFlow's `same` does, with zeros or with what a maximum ignores."""

    def __init__(self, kernel: tuple[int, int], stride: tuple[int, int], value: float = 0.0) -> None:
        super().__init__()
        self.kernel, self.stride, self.value = kernel, stride, value

    def forward(self, x: Tensor) -> Tensor:
        top, bottom = same_padding(x.shape[-2], self.kernel[0], self.stride[0])
        left, right = same_padding(x.shape[-1], self.kernel[1], self.stride[1])
        if not (top or bottom or left or right):
            return x
        return F.pad(x, (left, right, top, bottom), value=self.value)


class BilinearResize(nn.Module):
    """A resize to (height, width); the oldest of three conventions maps corners of cells, not their centres."""

    def __init__(self, size: tuple[int, int], align_corners: bool, half_pixel: bool) -> None:
        super().__init__()
        self.size, self.align_corners, self.half_pixel = size, align_corners, half_pixel

    def forward(self, x: Tensor) -> Tensor:
        if self.align_corners or self.half_pixel:
            return F.interpolate(x, self.size, mode="bilinear", align_corners=self.align_corners)
        down, across = (
            self._weights(size, into).to(x) for size, into in zip(x.shape[-2:], self.size, strict=True)
        )
        return down @ x @ across.T

    @staticmethod
    def _weights(size: int, into: int) -> Tensor:
        """Return what each of `size` cells counts in each of `into` (into, size)."""
        place = torch.arange(into) * (size / into)
        low = place.floor().long().clamp(max=size - 1)
        high = (low + 1).clamp(max=size - 1)
        share = (place - low)[:, None]
        return (1 - share) * F.one_hot(low, size) + share * F.one_hot(high, size)


class ChangedShape(nn.Module):
    """Another shape of the same numbers, in the file's order; the first axis is the batch."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        flat = x.permute(0, 2, 3, 1) if x.ndim == 4 else x
        whole = flat.reshape(len(x), *self.shape[1:])
        return whole.permute(0, 3, 1, 2) if whole.ndim == 4 else whole


class Concatenation(nn.Module):
    """Tensors behind one another along an axis of torch's order."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, *parts: Tensor) -> Tensor:
        return torch.cat(parts, self.axis)


class ConstantPadding(nn.Module):
    """Zeros around, by torch's pairs: the last axis first."""

    def __init__(self, pairs: list[int]) -> None:
        super().__init__()
        self.pairs = pairs

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.pairs)


class Sum(nn.Module):
    """The sum of two tensors, or of one and a constant."""

    def __init__(self, constant: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("constant", constant)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        other = self.constant if y is None else y
        assert isinstance(other, Tensor)
        return x + other


@dataclass(frozen=True)
class Ingredients:
    """An operation with the tensors that it takes, from which its module is built."""

    operation: Operation
    tensors: list[TensorInfo]
    constants: dict[int, np.ndarray]

    def shape(self, place: int) -> tuple[int, ...]:
        """Return the claimed shape of an input."""
        return self.tensors[self._input(place)].shape

    def constant(self, place: int) -> np.ndarray | None:
        """Return the constant that is an input; None where something computed is, or nothing."""
        if place >= len(self.operation.inputs):
            return None
        return self.constants.get(self.operation.inputs[place])

    def weight(self, place: int, dimensions: int, kind: str = "f") -> np.ndarray:
        """Return a constant of so many dimensions that must be there."""
        found = self.constant(place)
        if found is None or found.ndim != dimensions or found.dtype.kind != kind or not found.size:
            raise DamagedFile(f"operator {self.operation.code} lacks a constant of {dimensions} dimensions")
        return found

    def bias(self, channels: int) -> Tensor | None:
        found = self.constant(2)
        if found is None:
            return None
        if found.shape != (channels,):
            raise DamagedFile(f"a bias of {channels} channels has the shape {found.shape}")
        return as_tensor(found)

    def strides(self, wide: int, tall: int) -> tuple[int, int]:
        """Return the options' (down, across), each at least 1."""
        steps = self.operation.option(tall), self.operation.option(wide)
        if not all(1 <= step <= LARGEST_SIDE for step in steps):
            raise DamagedFile(f"operator {self.operation.code} has the strides {steps}")
        return steps

    def activated(self, module: nn.Module, field: int) -> nn.Module:
        """Return a module followed by the activation that an option names."""
        code = self.operation.option(field, "<b")
        if code not in ACTIVATIONS:
            raise DamagedFile(f"it has activation {code}, which is not read")
        return nn.Sequential(module, ACTIVATIONS[code]()) if code else module

    def _input(self, place: int) -> int:
        if place >= len(self.operation.inputs) or self.operation.inputs[place] == NO_TENSOR:
            raise DamagedFile(f"operator {self.operation.code} has no input {place}")
        return self.operation.inputs[place]


def as_tensor(constant: np.ndarray) -> Tensor:
    return torch.from_numpy(constant.astype(np.float32))


def _padded(
    parts: Ingredients, kernel: tuple[int, int], stride: tuple[int, int], value: float
) -> list[nn.Module]:
    """Return the padding that option 0 asks for, in a list: SAME is 0, VALID is 1."""
    padding = parts.operation.option(0, "<b")
    return [] if padding == 1 else [SamePadding(kernel, stride, value)]


def _convolution(parts: Ingredients) -> nn.Module:
    weight = as_tensor(parts.weight(1, 4)).permute(0, 3, 1, 2).contiguous()
    stride = parts.strides(1, 2)
    return parts.activated(_convolve(parts, weight, stride, 1, (4, 5)), 3)


def _depthwise(parts: Ingredients) -> nn.Module:
    weight = as_tensor(parts.weight(1, 4)).permute(3, 0, 1, 2).contiguous()
    channels = parts.shape(0)[-1]
    if not channels or len(weight) % channels:
        raise DamagedFile(f"a convolution of {channels} channels has {len(weight)} filters")
    return parts.activated(_convolve(parts, weight, parts.strides(1, 2), channels, (5, 6)), 4)


def _convolve(
    parts: Ingredients, weight: Tensor, stride: tuple[int, int], groups: int, dilations: tuple[int, int]
) -> nn.Module:
    if any(parts.operation.option(field, "<i", 1) != 1 for field in dilations):
        raise DamagedFile("it has a dilated convolution, which is not read")
    filters, channels, height, width = weight.shape
    bias = parts.bias(filters)
    layer = nn.utils.skip_init(
        nn.Conv2d, channels * groups, filters, (height, width), stride, groups=groups, bias=bias is not None
    )
    layer.weight.data = weight
    if bias is not None:
        layer.bias.data = bias
    return nn.Sequential(*_padded(parts, (height, width), stride, 0.0), layer)


def _max_pool(parts: Ingredients) -> nn.Module:
    stride, kernel = parts.strides(1, 2), parts.strides(3, 4)
    pool = nn.Sequential(*_padded(parts, kernel, stride, float("-inf")), nn.MaxPool2d(kernel, stride))
    return parts.activated(pool, 5)


def _prelu(parts: Ingredients) -> nn.Module:
    slopes = parts.constant(1)
    if slopes is None or slopes.size != slopes.shape[-1]:
        raise DamagedFile("a PReLU has another slope than one a channel")
    layer = nn.PReLU(slopes.size)
    layer.weight.data = as_tensor(slopes.reshape(-1))
    return layer


def _sum(parts: Ingredients) -> nn.Module:
    constants = [found for place in (0, 1) if (found := parts.constant(place)) is not None]
    constant = None
    if constants:
        if constants[0].size != (constants[0].shape[-1] if constants[0].ndim else 1):
            raise DamagedFile("it adds a constant that is not one number a channel")
        constant = as_tensor(constants[0].reshape(-1))
        constant = constant.reshape(1, -1, 1, 1) if len(parts.shape(0)) == 4 else constant
    return parts.activated(Sum(constant), 0)


def _padding(parts: Ingredients) -> nn.Module:
    pairs = parts.weight(1, 2, "i")
    if pairs.shape != (4, 2) or pairs.min() < 0 or pairs.max() > LARGEST_SIDE or pairs[0].any():
        raise DamagedFile(f"it pads by {pairs.tolist()}")
    return ConstantPadding([int(n) for axis in (2, 1, 3) for n in pairs[axis]])


def _reshape(parts: Ingredients) -> nn.Module:
    shape = parts.tensors[parts.operation.outputs[0]].shape
    if not shape or shape[0] != 1:
        raise DamagedFile(f"it makes the shape {shape}, whose first side is not the batch's 1")
    return ChangedShape(shape)


def _concatenation(parts: Ingredients) -> nn.Module:
    dimensions, axis = len(parts.shape(0)), parts.operation.option(0)
    axis = axis + dimensions if axis < 0 else axis
    if not 0 < axis < dimensions or any(i in parts.constants for i in parts.operation.inputs):
        raise DamagedFile(f"it joins along axis {axis} of {dimensions}")
    return parts.activated(Concatenation(AXES[axis] if dimensions == 4 else axis), 1)


def _resize(parts: Ingredients) -> nn.Module:
    height, width = parts.weight(1, 1, "i").tolist() if parts.weight(1, 1, "i").size == 2 else (0, 0)
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise DamagedFile(f"it resizes to {height} x {width}")
    option = parts.operation.option
    return BilinearResize((height, width), bool(option(2, "<b")), bool(option(3, "<b")))


DEQUANTIZE = 6
BUILDERS: dict[int, Callable[[Ingredients], nn.Module]] = {
    0: _sum,
    2: _concatenation,
    3: _convolution,
    4: _depthwise,
    14: lambda parts: nn.Sigmoid(),
    17: _max_pool,
    19: lambda parts: nn.ReLU(),
    21: lambda parts: nn.ReLU6(),
    22: _reshape,
    23: _resize,
    34: _padding,
    54: _prelu,
}
"""By TensorFlow Lite's number of an operator."""


class TFLite(nn.Module):
    """The network of a file: a picture (B, C, H, W) -> its outputs, each in the file's order of axes.

    `size` is the (height, width) that it takes.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.inputs, self.outputs = graph.inputs, graph.outputs
        if len(self.inputs) != 1 or len(graph.tensors[self.inputs[0]].shape) != 4:
            raise DamagedFile("it takes something else than one picture")
        height, width = graph.tensors[self.inputs[0]].shape[1:3]
        self.size = (height, width)
        self.steps = nn.ModuleList()
        self.places: list[tuple[list[int], int]] = []
        constants = {i: t.constant for i, t in enumerate(graph.tensors) if t.constant is not None}
        for operation in graph.operations:
            if operation.code == DEQUANTIZE and operation.inputs[0] in constants:
                constants[operation.outputs[0]] = constants[operation.inputs[0]].astype(np.float32)
                continue
            if operation.code not in BUILDERS:
                raise DamagedFile(f"it has operator {operation.code}, which is not read")
            if len(operation.outputs) != 1:
                raise DamagedFile(f"its operator {operation.code} has {len(operation.outputs)} outputs")
            step = BUILDERS[operation.code](Ingredients(operation, graph.tensors, constants))
            moving = [i for i in operation.inputs if i != NO_TENSOR and i not in constants]
            self.steps.append(step)
            self.places.append((moving, operation.outputs[0]))
        last = {place: number for number, (taken, _) in enumerate(self.places) for place in taken}
        self.spent = [
            [place for place in taken if last[place] == number and place not in self.outputs]
            for number, (taken, _) in enumerate(self.places)
        ]
        self._check(graph.tensors)

    def _check(self, tensors: list[TensorInfo]) -> None:
        """Hold the shapes that torch finds, without computing, to those that the file claims."""
        height, width = self.size
        channels = tensors[self.inputs[0]].shape[3]
        known = {self.inputs[0]: torch.empty(1, channels, height, width, device="meta")}
        steps = copy.deepcopy(self.steps).to("meta")
        for step, (taken, made) in zip(steps, self.places, strict=True):
            try:
                found = step(*(known[place] for place in taken))
            except (RuntimeError, TypeError, IndexError, KeyError) as error:
                reason = " ".join(str(error).split())[:120]
                raise DamagedFile(f"tensor {tensors[made].name[:60]!r} cannot be made ({reason})") from None
            shape = tuple(found.permute(0, 2, 3, 1).shape if found.ndim == 4 else found.shape)
            if shape != tensors[made].shape:
                raise DamagedFile(
                    f"tensor {tensors[made].name[:60]!r} is said to be {tensors[made].shape}, and is {shape}"
                )
            known[made] = found

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        known = {self.inputs[0]: picture}
        for step, (taken, made), spent in zip(self.steps, self.places, self.spent, strict=True):
            known[made] = step(*(known[place] for place in taken))
            for place in spent:
                known.pop(place, None)
        found = [known[place] for place in self.outputs]
        return tuple(x.permute(0, 2, 3, 1) if x.ndim == 4 else x for x in found)


def read_tflite(file: Path, setting: str = "classifier.weights") -> TFLite:
    """Build the network of a file in evaluation; channels come last in memory, which halves the time."""
    graph = read_graph(file, setting)
    try:
        network = TFLite(graph)
    except DamagedFile as error:
        raise SettingError(f"{setting}: {file} holds a network that cannot be built: {error}") from None
    return network.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
