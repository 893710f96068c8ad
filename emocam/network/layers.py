"""The layers that a CAM can explain, found by a dry pass: their names, shapes and layouts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from emocam.errors import SettingError, nearest

QUARTERS = ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))
"""Where, across and down, a patch of the view is changed to see which cells answer."""
PATCH = 8
"""Patches on a side of the view."""
LATE = 0.6
"""The share of the network, by its modules, that must come before the layer that is taken."""
MOST_CELLS = 32 * 32
"""Of a finer map that is worth a look: an earlier layer sees edges."""
MOST_PREFIXES, FEW_PREFIXES = 16, 2
"""Tokens that are no place: where a convolution shows the grid, and where it is guessed."""


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

    `alone` says that its output is the map and nothing else, `placed` that its cells are where the picture
    has them: when a patch of the picture changes, the cells there change most. `early` says that much of the
    network comes after it, and in it tokens whose places are lost.
    """

    name: str
    shape: tuple[int, ...]
    layout: Layout
    weighted: bool
    attends: bool
    order: int
    calls: int
    alone: bool = True
    placed: bool = True
    early: bool = False

    @property
    def prefixes(self) -> int:
        """How many tokens stand before those of the cells, class tokens among them."""
        return (
            self.shape[1] - self.layout.grid[0] * self.layout.grid[1] if self.layout.kind == "tokens" else 0
        )

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
        return Layout(kind, grid) if min(grid) > 1 and _proportional(grid, view) else None
    if len(shape) == 3 and patches and 0 <= shape[1] - patches[0] * patches[1] <= MOST_PREFIXES:
        return Layout("tokens", patches)
    return None


def _proportional(grid: tuple[int, int], view: tuple[int, int]) -> bool:
    """Return whether a grid has the proportions of the view to within a cell; heads x tokens, say, has not."""
    height, width = grid[1] * view[0] / view[1], grid[0] * view[1] / view[0]
    return min(abs(grid[0] - height), abs(grid[1] - width)) <= 1.01


def _guessed_layout(tokens: int, view: tuple[int, int]) -> Layout | None:
    """Return the grid that so many tokens could form, for networks whose convolutions do not show it."""
    for prefixes in range(FEW_PREFIXES + 1):
        height = round(((tokens - prefixes) * view[0] / view[1]) ** 0.5) if tokens > prefixes else 0
        if height > 1 and (tokens - prefixes) % height == 0:
            grid = height, (tokens - prefixes) // height
            if min(grid) > 1 and _proportional(grid, view):
                return Layout("tokens", grid)
    return None


def probes(x: Tensor) -> Tensor:
    """Return a random view like x (1, C, H, W), and four copies with a patch changed, one in each quarter."""
    height, width = x.shape[-2:]
    plain = torch.rand(1, *x.shape[1:], generator=torch.Generator().manual_seed(0)).to(x)
    changed = plain.repeat(1 + len(QUARTERS), 1, 1, 1)
    tall, wide = max(1, height // PATCH), max(1, width // PATCH)
    for row, (across, down) in zip(changed[1:], QUARTERS, strict=True):
        top, left = int(down * height - tall / 2), int(across * width - wide / 2)
        patch = row[:, top : top + tall, left : left + wide]
        patch.copy_(3 - 2 * patch)
    return changed


def answers_in_place(activation: Tensor) -> bool:
    """Return whether activations (1 + 4, C, h, w) of `probes` change in the quarter that was changed.

    The middle of all that changes must be in it each time, and the cell that changes most all times but one:
    what a deep network sees spreads.
    """
    change = (activation[1:] - activation[:1]).abs().mean(1)
    change = change - change.amin((-2, -1), keepdim=True)
    height, width = change.shape[-2:]
    across = ((torch.arange(width).to(change) + 0.5) / width - 0.5) * change.sum(-2)
    down = ((torch.arange(height).to(change) + 0.5) / height - 0.5) * change.sum(-1)
    centre = torch.stack([across.sum(-1), down.sum(-1)], 1).cpu()
    peak = change.flatten(1).argmax(1).cpu()
    most = torch.stack([(peak % width + 0.5) / width, (peak // width + 0.5) / height], 1) - 0.5
    side = torch.tensor(QUARTERS) - 0.5
    # on a line between two quarters is in both
    return bool((centre * side > 0).all()) and int((most * side >= 0).all(1).sum()) >= len(QUARTERS) - 1


class LayerRecorder:
    """Notes the layers of a dry pass as they finish, on views (n, C, H, W) that `probes` made."""

    def __init__(self, views: Tensor) -> None:
        self.images, self.view = len(views), (views.shape[-2], views.shape[-1])
        self.layers: dict[str, Layer] = {}
        self.patches: tuple[int, int] | None = None
        self.ends: dict[str, int] = {}
        self.finished = 0
        self.lost = 0
        """The moment at which the last tokens finished whose places are lost."""

    def note(self, name: str, module: nn.Module, output: object) -> None:
        """Note a module that has finished, if its output is a map."""
        self.finished += 1
        alone = not isinstance(output, tuple)
        output = output[0] if isinstance(output, tuple) and output else output
        if not name or not isinstance(output, Tensor) or output.ndim < 3 or len(output) != self.images:
            return  # windows or patches as rows of their own are no pictures
        shape = tuple(output.shape)
        layout = _layout(shape, self.view, self.patches)
        guessed = layout is None and len(shape) == 3
        layout = _guessed_layout(shape[1], self.view) if guessed else layout
        if layout is None:
            return
        placed = answers_in_place(layout.to_map(output)[0].float())
        if guessed and not placed:
            self.lost = self.finished
            return
        if isinstance(module, nn.Conv2d):
            self.patches = layout.grid
        earlier = self.layers.pop(name, None)
        calls = earlier.calls + 1 if earlier else 1
        weighted = any(True for _ in module.parameters())
        attends = "attention" in type(module).__name__.lower()
        self.ends[name] = self.finished
        order = len(self.layers)
        self.layers[name] = Layer(name, shape, layout, weighted, attends, order, calls, alone, placed)


def spatial_layers(model: nn.Module, x: Tensor) -> list[Layer]:
    """Return the modules of `model` whose output on views like x is a map, in the order in which they finish."""
    views = probes(x[:1])
    recorder = LayerRecorder(views)
    hooks = [
        module.register_forward_hook(lambda module, _, output, name=name: recorder.note(name, module, output))
        for name, module in model.named_modules()
    ]
    try:
        with torch.no_grad():
            model(views)
    finally:
        for hook in hooks:
            hook.remove()
    early = min(recorder.lost, LATE * recorder.finished)
    return [replace(layer, early=recorder.ends[name] < early) for name, layer in recorder.layers.items()]


def default_layer(layers: list[Layer]) -> Layer:
    """Choose the last layer with weights and places; where several end there, the outermost.

    Only a layer whose cells are where the picture has them is taken, and none of the network's first half,
    which sees edges.

    A transformer with a class token is cut before its last attention: after it only that token is used, so
    the gradients at the patches are zero.
    """
    weighted = [layer for layer in layers if layer.weighted and layer.calls == 1]
    attention = [i for i, layer in enumerate(weighted) if layer.attends]
    if attention and weighted[-1].prefixes:
        inside = f"{weighted[attention[-1]].name}."
        weighted = [layer for layer in weighted[: attention[-1]] if not layer.name.startswith(inside)]
    choices = [layer for layer in weighted if layer.alone]
    if not choices:
        raise SettingError("classifier.layer: this network has no layer with places; a CAM cannot look at it")
    placed = [place for place, layer in enumerate(choices) if layer.placed]
    if not placed or placed[-1] + 1 < len(choices) * LATE or choices[placed[-1]].early:
        raise SettingError(
            "classifier.layer: no late layer of this network keeps its cells where the picture has them (when a "
            "patch changes, cells elsewhere answer, as where tokens are put in another order), so a CAM's map would "
            "point to wrong places"
        )
    return choices[placed[-1]]


def finer_layers(layers: Sequence[Layer], chosen: Layer, most: int = 2) -> list[str]:
    """Return the last layer of each finer grid before the chosen one, as far as maps are still small.

    Where all grids are alike, as in transformers, it is the layers at two thirds and one third of the way.
    """
    before = [
        layer
        for layer in layers
        if layer.order < chosen.order and layer.alone and layer.placed and layer.calls == 1
    ]
    cells = {layer.name: layer.layout.grid[0] * layer.layout.grid[1] for layer in (*before, chosen)}
    finer = {
        cells[layer.name]: layer.name
        for layer in before
        if cells[chosen.name] < cells[layer.name] <= MOST_CELLS
    }
    if finer:
        return [finer[grid] for grid in sorted(finer)][:most]
    weighted = [layer.name for layer in before if layer.weighted and cells[layer.name] == cells[chosen.name]]
    shares = (len(weighted) * (most - place) // (most + 1) for place in range(most))
    return list(dict.fromkeys(weighted[place] for place in shares)) if weighted else []


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
