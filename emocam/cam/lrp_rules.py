"""Rules of layer-wise relevance propagation, by which an output's relevance is shared among its inputs.

Relevance is written as value times gradient: output j receives R_j, and input i receives the share x_i w_ij
/ (its rule's sum for j) of it, if the gradient flows back along x w times z_j / sum.
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
    """Run the module with another weight and without its bias."""
    if isinstance(module, nn.Conv2d):
        return module._conv_forward(x, weight, None)
    return nn.functional.linear(x, weight)


def bias_of(module: nn.Linear | nn.Conv2d) -> Tensor:
    """Return the module's bias in a shape that can be added to its output, 0 if it has none."""
    if module.bias is None:
        return module.weight.new_zeros(())
    return module.bias[:, None, None] if isinstance(module, nn.Conv2d) else module.bias


@dataclass(frozen=True)
class Epsilon:
    """The rule that shares by contributions x w; `epsilon` moves their sum off zero and keeps its part."""

    epsilon: float

    def __call__(self, module: nn.Linear | nn.Conv2d, x: Tensor) -> Shares:
        path = apply(module, x, module.weight)
        value = path.detach() + bias_of(module)
        return Shares(value, path, value + torch.where(value < 0, -self.epsilon, self.epsilon))


def positive(module: nn.Linear | nn.Conv2d, x: Tensor) -> Tensor:
    """Sum the positive contributions to each output."""
    path = apply(module, x.clamp(min=0), module.weight.clamp(min=0))
    # a processor spares the second product where it would be zero; an accelerator is not asked
    if x.device.type != "cpu" or bool((x < 0).any()):
        path = path + apply(module, x.clamp(max=0), module.weight.clamp(max=0))
    return path


@dataclass(frozen=True)
class Gamma:
    """The rule that shares by contributions; those of the output's own sign count 1 + `gamma` times."""

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
    """The rule that shares by positive contributions alone; with `bias`, a positive bias is one of them."""

    bias: bool

    def __call__(self, module: nn.Linear | nn.Conv2d, x: Tensor) -> Shares:
        path = positive(module, x)
        return Shares(module(x), path, path + bias_of(module).clamp(min=0) if self.bias else path)


def normalised(module: nn.BatchNorm2d, x: Tensor) -> Shares:
    """Share a normalisation's output: by any rule, the scaled input takes all but the shift's part."""
    one = x.new_ones(1, x.shape[1], 1, 1)
    value = module(x).detach()
    return Shares(value, x * (module(one) - module(0 * one)), value)


class Relevance(HeadPropagation):
    """A walk that also collects the `outputs` of affine steps and what each of them `kept` of its value."""

    def __init__(self, steps: torch.fx.GraphModule, rule: Rule) -> None:
        super().__init__(steps)
        self.rule = rule
        self.outputs: list[Tensor] = []
        self.kept: list[Tensor] = []

    def activation(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Pass relevance on unchanged."""
        with torch.no_grad():
            value = function(x)
            share = torch.where(x != 0, value / x, slope_at(function, x))
        return route_gradient(value, x, share)

    def maximum(self, pool: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor) -> Tensor:
        """Give all relevance to the highest input."""
        return pool(x)[0]

    def affine(self, module: nn.Module, x: Tensor) -> Tensor:
        value, path, total = (normalised if isinstance(module, nn.BatchNorm2d) else self.rule)(module, x)  # type: ignore[arg-type]
        share = torch.where(total != 0, value / total, 0.0).detach()
        output = route_gradient(value, path, share)
        self.outputs.append(output)
        self.kept.append((value - path * share).detach())
        return output
