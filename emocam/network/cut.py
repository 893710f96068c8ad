"""Networks cut at a named layer into features and head.

A traced network is split into two graphs; values that flow around the layer (residual paths, class tokens)
are passed on as `bypass`. A network that cannot be traced runs as a whole, with the layer's output
replaced: the numbers are the same, but the head then costs as much as the network.
"""

import inspect
import operator

import torch
from torch import Tensor, fx, nn

from emocam.network.layers import Layer, Layout
from emocam.network.outputs import PickedAnswers, is_plain, picked_logits

OUT_OF_PLACE = {operator.iadd: operator.add, operator.imul: operator.mul, operator.isub: operator.sub}


class _Tracer(fx.Tracer):
    """A tracer that keeps each of these modules whole, as one node."""

    def __init__(self, whole: frozenset[str]) -> None:
        super().__init__()
        self.whole = whole

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        # a normalisation with more in it stays one, so that it can be folded
        whole = module_qualified_name in self.whole or isinstance(m, nn.BatchNorm2d)
        return whole or super().is_leaf_module(m, module_qualified_name)


def finished_before(model: nn.Module, layer: str, x: Tensor) -> frozenset[str]:
    """Return the modules that end before the layer does, whose inner steps need no tracing."""
    finished: list[str] = []
    hooks = [
        module.register_forward_hook(lambda *_, name=name: finished.append(name))
        for name, module in model.named_modules()
    ]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return frozenset(finished[: finished.index(layer)])


def split(
    model: nn.Module, layer: str, whole: frozenset[str] = frozenset()
) -> tuple[fx.GraphModule, fx.GraphModule]:
    """Split into features, x -> (layer's output, *bypass), and head, (layer's output, *bypass) -> output."""
    _, *others = inspect.signature(model.forward).parameters.values()
    graph = _Tracer(whole | {layer}).trace(model, {other.name: other.default for other in others})
    cut = next(node for node in graph.nodes if node.op == "call_module" and node.target == layer)
    after: set[fx.Node] = set()
    for node in graph.nodes:
        if any(source is cut or source in after for source in node.all_input_nodes):
            after.add(node)
        if node.kwargs.get("inplace"):
            node.kwargs = {**node.kwargs, "inplace": False}
        node.target = OUT_OF_PLACE.get(node.target, node.target)  # type: ignore[arg-type]
    # values from before the layer that something behind it still needs
    crossing = [
        node
        for node in graph.nodes
        if node is not cut
        and node not in after
        and node.op != "get_attr"
        and not after.isdisjoint(node.users)
    ]
    features, head = fx.Graph(), fx.Graph()
    here: dict[fx.Node, fx.Node] = {}
    there = {node: head.placeholder(node.name) for node in (cut, *crossing)}
    for node in graph.nodes:
        if node.op == "get_attr":
            here[node], there[node] = features.node_copy(node), head.node_copy(node)
        elif node in after:
            there[node] = head.node_copy(node, there.__getitem__)
        else:
            here[node] = features.node_copy(node, here.__getitem__)
    features.output(tuple(here[node] for node in (cut, *crossing)))
    parts = fx.GraphModule(model, features), fx.GraphModule(model, head)
    for part in parts:
        part.graph.eliminate_dead_code()
        part.recompile()
    return parts


class Features(nn.Module):
    """The part from x to the map (B, C, h, w), and all that bypasses it."""

    def __init__(self, part: nn.Module, layout: Layout) -> None:
        super().__init__()
        self.part = part
        self.layout = layout

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        value, *bypass = self.part(x)
        return *self.layout.to_map(value), *bypass


class Rest(nn.Module):
    """The part from the map and what bypassed it to the logits."""

    def __init__(self, part: nn.Module, layout: Layout) -> None:
        super().__init__()
        self.part = part
        self.layout = layout

    def forward(self, activation: Tensor, *bypass: Tensor) -> Tensor:
        prefixes = 1 if self.layout.kind == "tokens" else 0
        return self.part(self.layout.from_map(activation, *bypass[:prefixes]), *bypass[prefixes:])


class _Seen(Exception):
    """The layer's output on its way out of the network, so that the rest need not run."""


class Watched(nn.Module):
    """The features of a network that cannot be traced: it runs up to the layer, and passes x on."""

    def __init__(self, model: nn.Module, layer: str) -> None:
        super().__init__()
        self.model = model
        self.layer = layer

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        def stop(module: nn.Module, inputs: object, output: Tensor) -> None:
            raise _Seen(output)

        hook = self.model.get_submodule(self.layer).register_forward_hook(stop)
        try:
            self.model(x)
        except _Seen as seen:
            return seen.args[0], x
        finally:
            hook.remove()
        raise RuntimeError(f"the network did not reach {self.layer}")


class Replaced(nn.Module):
    """The head of a network that cannot be traced: it runs as a whole, with the layer's output replaced."""

    def __init__(self, model: nn.Module, layer: str) -> None:
        super().__init__()
        self.model = model
        self.layer = layer

    def forward(self, value: Tensor, x: Tensor) -> Tensor:
        hook = self.model.get_submodule(self.layer).register_forward_hook(lambda *_: value)
        try:
            return picked_logits(self.model(x))
        finally:
            hook.remove()


def _agree(model: nn.Module, features: nn.Module, head: nn.Module, x: Tensor) -> bool:
    """Check that the parts give the network's output, also when rows are picked before the head."""
    pick = torch.tensor([1, 0, 1], device=x.device)
    with torch.no_grad():
        whole = picked_logits(model(x))
        parts = features(x)
        if not all(isinstance(part, Tensor) and len(part) == len(x) for part in parts):
            return False
        picked = head(*(part[pick] for part in parts))
    return torch.allclose(picked, whole[pick], rtol=1e-3, atol=1e-4 * float(whole.abs().max()))


def cut(model: nn.Module, layer: Layer, x: Tensor) -> tuple[Features, nn.Module]:
    """Cut `model` at `layer` into features and head, and try them on x (2, 3, H, W).

    The head answers with logits (B, L), whatever the model packs them into.
    """
    with torch.no_grad():
        plain = is_plain(model(x))
    for whole in (lambda: frozenset[str](), lambda: finished_before(model, layer.name, x)):
        try:
            parts: tuple[nn.Module, nn.Module] = split(model, layer.name, whole())
            clean = layer.layout.kind == "first" and len(parts[0](x)) == 1
            features = Features(parts[0], layer.layout)
            head = parts[1] if clean else Rest(parts[1], layer.layout)
            head = head if plain else PickedAnswers(head)
            if _agree(model, features, head, x):
                return features, head
        except Exception:
            continue
    return run_whole(model, layer)


def run_whole(model: nn.Module, layer: Layer) -> tuple[Features, nn.Module]:
    """Return features and head of a network that runs as a whole."""
    features = Features(Watched(model, layer.name), layer.layout)
    return features, Rest(Replaced(model, layer.name), layer.layout)


def runs_whole(features: Features) -> bool:
    """Return whether the features hold the whole network."""
    return isinstance(features.part, Watched)
