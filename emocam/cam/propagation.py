"""A walk through the steps of a head, in which a method says how a gradient returns through each of them.

A method writes the output of a step as `route_gradient(value, path, share)`: its value, the path along
which the gradient flows back, and a constant share by which it is multiplied. One backward pass through
such a head is then the method itself, for a whole batch, whatever the order of its steps and their
branches. Steps that are linear need no rule: their gradient is right.
"""

import operator
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from emocam.errors import SettingError
from emocam.network.cut import Rest

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Hardswish, nn.Tanh)
ACTIVATION_FUNCTIONS = (
    *(torch.relu, torch.tanh, F.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.hardswish, F.tanh),
    *("relu", "tanh"),
)
"""Both work on each number by itself and leave zero where it is."""
POOLS = (nn.MaxPool2d, nn.AdaptiveMaxPool2d)
AFFINE = (nn.Linear, nn.Conv2d, nn.BatchNorm2d)
LINEAR = (
    *(nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d),
    *(torch.flatten, torch.cat, torch.mean, torch.add, operator.add, operator.getitem, getattr),
    *(F.avg_pool2d, F.adaptive_avg_pool2d, F.dropout),
    *("flatten", "mean", "sum", "size", "view", "reshape", "squeeze", "permute", "contiguous"),
)
"""Modules, functions and methods."""
STRAIGHT = {nn.ReLU, nn.LeakyReLU, torch.relu, F.relu, F.leaky_relu, "relu"}
"""Activations that answer twice the input with twice the output: their share of it is their slope."""
RULED = {*ACTIVATIONS, *ACTIVATION_FUNCTIONS, *POOLS, *AFFINE, *LINEAR}

_traced: "WeakKeyDictionary[nn.Module, fx.GraphModule]" = WeakKeyDictionary()


def route_gradient(value: Tensor, path: Tensor, share: Tensor) -> Tensor:
    """Return `value` with a gradient that goes back along `path` times `share`."""
    return value.detach() + (path - path.detach()) * share.detach()


def slope_at(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the derivative of an activation at each x."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(function(x).sum(), x)[0]


def steps_of(head: nn.Module, method: str) -> fx.GraphModule:
    """Return the head as a graph of steps that have rules; a step without one is an error that names it."""
    if head not in _traced:
        _traced[head] = _trace(head, method)
    return _traced[head]


def _trace(head: nn.Module, method: str) -> fx.GraphModule:
    whole = head.part if isinstance(head, Rest) and head.layout.kind == "first" else head
    try:
        traced = fx.symbolic_trace(whole)
    except Exception:  # tracing runs the head's own code, which may fail in any way
        raise _refusal(method, "its code cannot be traced") from None
    without = [getattr(kind, "__name__", str(kind)) for kind in kinds_of(traced) if kind not in RULED]
    if without:
        raise _refusal(method, f"it holds {', '.join(without)}")
    return traced


def kinds_of(steps: fx.GraphModule) -> list[Any]:
    """List modules' classes, functions and methods' names, each once, in their order."""
    modules = dict(steps.named_modules())
    calls = (node for node in steps.graph.nodes if node.op.startswith("call"))
    return list(dict.fromkeys(type(modules[n.target]) if n.op == "call_module" else n.target for n in calls))


def _refusal(method: str, reason: str) -> SettingError:
    return SettingError(
        f"cam={method} has no rule for the network behind the explained layer ({reason}); choose a later "
        "classifier.layer, or a method that takes any network: cam=ig, cam=shapley, cam=ablation, cam=gradcam"
    )


class HeadPropagation(fx.Interpreter):
    """A walk whose methods are the rules for activations, maximum pooling and affine steps.

    The graph comes from `steps_of`. A rule receives the step as a function or module, and its input.
    """

    def activation(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        raise NotImplementedError

    def maximum(self, pool: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor) -> Tensor:
        """Return the maxima; `pool` gives them and their places within each channel's flattened plane."""
        raise NotImplementedError

    def affine(self, module: nn.Module, x: Tensor) -> Tensor:
        return module(x)

    def call_module(self, target: Any, args: tuple, kwargs: dict) -> Any:
        module = self.fetch_attr(target)
        if isinstance(module, ACTIVATIONS):
            return self.activation(module, *args)
        if isinstance(module, POOLS):
            return self.maximum(_with_places(module), *args)
        return self.affine(module, *args) if isinstance(module, AFFINE) else module(*args, **kwargs)

    def call_function(self, target: Any, args: tuple, kwargs: dict) -> Any:
        if target not in ACTIVATION_FUNCTIONS:
            return super().call_function(target, args, kwargs)
        x, *rest = args or (kwargs.pop("input"),)
        kept = {name: value for name, value in kwargs.items() if name != "inplace"}
        return self.activation(lambda x: target(x, *rest, **kept), x)

    def call_method(self, target: Any, args: tuple, kwargs: dict) -> Any:
        if target in ACTIVATION_FUNCTIONS:
            return self.activation(getattr(torch, target), args[0])
        return super().call_method(target, args, kwargs)


def _with_places(pool: nn.MaxPool2d | nn.AdaptiveMaxPool2d) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    if isinstance(pool, nn.AdaptiveMaxPool2d):
        return partial(F.adaptive_max_pool2d, output_size=pool.output_size, return_indices=True)  # type: ignore
    return partial(  # type: ignore
        F.max_pool2d,
        kernel_size=pool.kernel_size,
        stride=pool.stride,
        padding=pool.padding,
        dilation=pool.dilation,
        ceil_mode=pool.ceil_mode,
        return_indices=True,
    )
