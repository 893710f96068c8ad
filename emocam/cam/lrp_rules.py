"""The rules by which layer-wise relevance propagation shares out what an output received.

Relevance is written as value times gradient: then z_j receives R_j, and x_i receives of it the share
x_i w_ij / (its rule's sum for j), when the gradient flows back along x w times z_j / sum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from emocam.cam.propagation import HeadPropagation, route_gradient, slope_at


class Shares(NamedTuple):
    """An output's value, its inputs' part of the rule's sum, and the sum; (B, ...) each."""

    value: Tensor
    path: Tensor
    total: Tensor


Rule = Callable[[nn.Linear | nn.Conv2d, Tensor], Shares]


def apply(module: nn.Linear | nn.Conv2d, x: Tensor, weight: Tensor) -> Tensor:
    """The module with another weight and without its bias."""
    if isinstance(module, nn.Conv2d):
        return module._conv_forward(x, weight, None)
    return nn.functional.linear(x, weight)


def bias_of(module: nn.Linear | nn.Conv2d) -> Tensor:
    """Ready to be added to the output."""
    if module.bias is None:
        return module.weight.new_zeros(())
    return module.bias[:, None, None] if isinstance(module, nn.Conv2d) else module.bias


@dataclass(frozen=True)
class Epsilon:
    """By contributions x w; `epsilon` pushes their sum away from zero and keeps its part."""

    epsilon: float

    def __call__(self, module: nn.Linear | nn.Conv2d, x: Tensor) -> Shares:
        path = apply(module, x, module.weight)
        value = path.detach() + bias_of(module)
        return Shares(value, path, value + torch.where(value < 0, -self.epsilon, self.epsilon))


def positive(module: nn.Linear | nn.Conv2d, x: Tensor) -> Tensor:
    """The sum of the positive contributions to each output."""
    path = apply(module, x.clamp(min=0), module.weight.clamp(min=0))
    if bool((x < 0).any()):
        path = path + apply(module, x.clamp(max=0), module.weight.clamp(max=0))
    return path


@dataclass(frozen=True)
class Gamma:
    """By contributions; those of the output's own sign count 1 + `gamma` times."""

    gamma: float

    def __call__(self, module: nn.Linear | nn.Conv2d, x: Tensor) -> Shares:
        path = apply(module, x, module.weight)
        bias = bias_of(module)
        value = path.detach() + bias
        above = positive(module, x)
        rise = bias.clamp(min=0)
        same = path + self.gamma * torch.where(value < 0, path - above, above)
        constant = bias + self.gamma * torch.where(value < 0, bias - rise, rise)
        return Shares(value, same, same + constant)


@dataclass(frozen=True)
class Positive:
    """By positive contributions alone; with `bias` a positive one is among them."""

    bias: bool

    def __call__(self, module: nn.Linear | nn.Conv2d, x: Tensor) -> Shares:
        path = positive(module, x)
        return Shares(module(x), path, path + bias_of(module).clamp(min=0) if self.bias else path)


def normalised(module: nn.BatchNorm2d, x: Tensor) -> Shares:
    """By any rule, a channel's scaled input takes all but the shift's part."""
    one = x.new_ones(1, x.shape[1], 1, 1)
    value = module(x).detach()
    return Shares(value, x * (module(one) - module(0 * one)), value)


class Relevance(HeadPropagation):
    """Collects, besides, the `outputs` of affine steps and what each of them `kept` of its value."""

    def __init__(self, steps: torch.fx.GraphModule, rule: Rule) -> None:
        super().__init__(steps)
        self.rule = rule
        self.outputs: list[Tensor] = []
        self.kept: list[Tensor] = []

    def activation(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Passes relevance on as it is."""
        with torch.no_grad():
            value = function(x)
            share = torch.where(x != 0, value / x, slope_at(function, x))
        return route_gradient(value, x, share)

    def maximum(self, pool: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor) -> Tensor:
        """The highest takes all."""
        return pool(x)[0]

    def affine(self, module: nn.Module, x: Tensor) -> Tensor:
        value, path, total = (normalised if isinstance(module, nn.BatchNorm2d) else self.rule)(module, x)  # type: ignore[arg-type]
        share = torch.where(total != 0, value / total, 0.0).detach()
        output = route_gradient(value, path, share)
        self.outputs.append(output)
        self.kept.append((value - path * share).detach())
        return output
