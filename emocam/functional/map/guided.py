"""Guided backpropagation, Springenberg et al. 2015, https://arxiv.org/abs/1412.6806, without hooks.

Autograd's own step behind a ReLU is met while a gradient flows, so that a ReLU that is a function, or is used
twice, is guided as any other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class GuidedReLUs(TorchDispatchMode):
    """A mode in which a gradient passes a ReLU only where it is positive; `met` counts the ReLUs."""

    met = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.threshold_backward.default:
            self.met += 1
            return out.relu()
        return out


def guided_gradient(score: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, int]:
    """Return the guided gradient of `score` (B,) with respect to its input x (B, ...), and how many ReLUs it passed."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        value = score(x).sum()
    with GuidedReLUs() as guide:
        (gradient,) = torch.autograd.grad(value, x)
    return gradient, guide.met
