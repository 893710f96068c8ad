"""The layers that a CAM can explain, found by a dry pass: their names, shapes and layouts."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emocam.errors import SettingError, nearest


@dataclass(frozen=True)
class Layout:
    """The order of a layer's spatial cells: channels first, channels last, or a list of tokens."""

    kind: str
    grid: tuple[int, int]

    def to_map(self, value: Tensor) -> tuple[Tensor, ...]:
        """Return the map (B, C, h, w), and the class tokens (B, p, C) that are no place in the picture."""
        if self.kind == "first":
            return (value,)
        if self.kind == "last":
            return (value.permute(0, 3, 1, 2),)
        prefix = value.shape[1] - self.grid[0] * self.grid[1]
        return value[:, prefix:].transpose(1, 2).unflatten(2, self.grid), value[:, :prefix]

    def from_map(self, activation: Tensor, *prefix: Tensor) -> Tensor:
        """Return a map in the layout that the next layer expects."""
        if self.kind == "first":
            return activation
        if self.kind == "last":
            return activation.permute(0, 2, 3, 1)
        return torch.cat([*prefix, activation.flatten(2).transpose(1, 2)], 1)


@dataclass(frozen=True)
class Layer:
    """A module whose output is a map; `order` is the moment in the pass at which it finished.

    `alone` says that its output is the map and nothing else.
    """

    name: str
    shape: tuple[int, ...]
    layout: Layout
    weighted: bool
    attends: bool
    order: int
    calls: int
    alone: bool = True

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """The map's channels, height and width."""
        channels = self.shape[1] if self.layout.kind == "first" else self.shape[-1]
        return channels, *self.layout.grid


def _layout(shape: tuple[int, ...], view: tuple[int, int], patches: tuple[int, int] | None) -> Layout | None:
    """Return the layout of an output of this shape, or None where it has no places."""
    if len(shape) == 4:
        first = (shape[2], shape[3]), "first"
        last = (shape[1], shape[2]), "last"
        # of the two readings, the one with the proportions of the view
        grid, kind = min(first, last, key=lambda g: abs(g[0][0] * view[1] - g[0][1] * view[0]))
        return Layout(kind, grid) if min(grid) > 1 else None
    if len(shape) == 3 and patches and 0 <= shape[1] - patches[0] * patches[1] <= 16:
        return Layout("tokens", patches)
    return None


def spatial_layers(model: nn.Module, x: Tensor) -> list[Layer]:
    """Return the modules of `model` whose output on `x` is a map, in the order in which they finish."""
    layers: dict[str, Layer] = {}
    patches: tuple[int, int] | None = None
    view = (x.shape[-2], x.shape[-1])

    def note(name: str, module: nn.Module, output: object) -> None:
        nonlocal patches
        alone = not isinstance(output, tuple)
        output = output[0] if isinstance(output, tuple) and output else output
        layout = _layout(tuple(output.shape), view, patches) if isinstance(output, Tensor) else None
        if layout is None or not name:
            return
        if isinstance(module, nn.Conv2d):
            patches = layout.grid
        calls = layers[name].calls + 1 if name in layers else 1
        weighted = any(True for _ in module.parameters())
        attends = "attention" in type(module).__name__.lower()
        assert isinstance(output, Tensor)
        layers.pop(name, None)
        layers[name] = Layer(name, tuple(output.shape), layout, weighted, attends, len(layers), calls, alone)

    hooks = [
        module.register_forward_hook(lambda module, _, output, name=name: note(name, module, output))
        for name, module in model.named_modules()
    ]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return list(layers.values())


def default_layer(layers: list[Layer]) -> Layer:
    """Choose the last layer with weights and places; where several end there, the outermost.

    A transformer is cut before its last attention: after it only the class token is used, so the gradients
    at the patches are zero.
    """
    weighted = [layer for layer in layers if layer.weighted and layer.calls == 1]
    attention = [i for i, layer in enumerate(weighted) if layer.attends]
    if attention and weighted[-1].layout.kind == "tokens":
        inside = f"{weighted[attention[-1]].name}."
        weighted = [layer for layer in weighted[: attention[-1]] if not layer.name.startswith(inside)]
    choices = [layer for layer in weighted if layer.alone]
    if not choices:
        raise SettingError("classifier.layer: this network has no layer with places; a CAM cannot look at it")
    return choices[-1]


def find_layer(layers: list[Layer], name: str | None, model: str) -> Layer:
    """Return the named layer, or the default one."""
    if name is None:
        return default_layer(layers)
    for layer in layers:
        if layer.name == name:
            if layer.calls > 1:
                raise SettingError(
                    f"classifier.layer {name!r} is used {layer.calls} times in {model}; choose one used once"
                )
            if not layer.alone:
                raise SettingError(
                    f"classifier.layer {name!r} of {model} gives more than a map; choose one inside it or before it"
                )
            return layer
    names = [layer.name for layer in layers]
    raise SettingError(
        f"classifier.layer {name!r} is not a layer of {model} with a map; {nearest(name, names)} "
        f"(emocam layers {model} lists them)"
    )
