"""Heads that lead channel by channel into a linear layer: after(linear(before(activation)))."""

import operator
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from emocam.network.sparse_linear import SparseLinear

CHANNELWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Hardswish, nn.Sigmoid, nn.Tanh),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.BatchNorm2d),
    *(nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d),
    *(torch.relu, torch.flatten, F.relu, F.relu6, F.gelu, F.silu, F.hardswish, F.max_pool2d, F.avg_pool2d),
    *(F.adaptive_avg_pool2d, F.adaptive_max_pool2d, F.dropout, operator.getitem, getattr),
    *("relu", "flatten", "mean", "size", "view", "reshape", "contiguous"),
)
"""What may stand between the explained layer and the linear one: modules, functions, methods."""


@dataclass(frozen=True)
class ChannelSum:
    """A head whose linear layer sums over channels, because `before` keeps them apart."""

    before: nn.Module
    linear: nn.Linear
    after: nn.Module | None

    @classmethod
    def of(cls, head: nn.Module) -> "ChannelSum | None":
        """Return the head in this form, or None where it has another one."""
        try:
            graph = fx.Tracer().trace(head)
        except Exception:  # tracing runs the head's own code, which may fail in any way
            return None
        modules = dict(head.named_modules())
        *nodes, output = graph.nodes
        kinds = [modules[node.target] if node.op == "call_module" else node.target for node in nodes]
        first = next((i for i, kind in enumerate(kinds) if isinstance(kind, nn.Linear)), None)
        if first is None or [node.op for node in nodes].count("placeholder") != 1:
            return None
        before, after = nodes[1:first], nodes[first + 1 :]
        apart = all(kind in CHANNELWISE or type(kind) in CHANNELWISE for kind in kinds[1:first])
        around = any(source in nodes[:first] for node in after for source in node.all_input_nodes)
        if not apart or around or len(output.all_input_nodes) != 1:
            return None
        return cls(
            _part(head, before, nodes[0], nodes[first].all_input_nodes[0]),
            kinds[first],
            _woken(_part(head, after, nodes[first], output.all_input_nodes[0])) if after else None,
        )

    def inputs(self, activation: Tensor) -> tuple[Tensor, Tensor]:
        """Return the linear layer's input without channels (F,), and each channel's change (B, C, F / C)."""
        nothing = self.before(torch.zeros_like(activation[:1]))
        change = self.before(activation) - nothing
        return nothing[0], change.unflatten(1, (activation.shape[1], -1))

    def weight(self, channels: int) -> Tensor:
        """Return the linear layer's weight as (outputs, C, F / C)."""
        return self.linear.weight.unflatten(1, (channels, -1))


def _part(head: nn.Module, nodes: list[fx.Node], source: fx.Node, result: fx.Node) -> fx.GraphModule:
    """Build the function from `source` to `result` that shares the head's modules."""
    graph = fx.Graph()
    copies = {source: graph.placeholder("x")}
    for node in nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[result])
    return fx.GraphModule(head, graph)


def _woken(part: fx.GraphModule) -> fx.GraphModule:
    """Replace a function's linear layers by sparse ones; the head keeps its own layers."""
    for name, module in list(part.named_modules()):
        if type(module) is nn.Linear:
            part.set_submodule(name, SparseLinear(module))
    return part
