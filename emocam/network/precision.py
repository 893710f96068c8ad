"""bfloat16 on machines that compute it: half the bytes, and on most of them over twice the products.

It is for questions without a gradient only: in maps from bfloat16 features or gradients every cell is off.
"""

import copy
from collections.abc import Collection
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

HEAVY = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)

_narrow: "WeakKeyDictionary[nn.Module, nn.Module]" = WeakKeyDictionary()


@cache
def computes_bf16(accelerator: str) -> bool:
    """Check that the device Lightning takes for this name computes bfloat16, not slowly emulates it."""
    if accelerator != "cpu" and torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if accelerator not in ("cpu", "auto"):
        return False
    return any(can is True for name, can in torch.cpu.get_capabilities().items() if "bf16" in name)


def cast_network(network: nn.Module, kept: Collection[str] = ()) -> nn.Module:
    """Cast a network's weights to bfloat16 in place, except batch normalisations and the modules `kept`."""
    for name, module in network.named_modules():
        if isinstance(module, HEAVY):
            module.register_forward_pre_hook(_as_weights)
        if name not in kept and not isinstance(module, _BatchNorm):
            for tensor in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
                tensor.data = tensor.data.to(torch.bfloat16) if tensor.is_floating_point() else tensor.data
    return network


def bfloat16_copy(network: nn.Module) -> nn.Module:
    """Return a copy for tensors in and out in float32, cast once, or the network if nothing is saved.

    Its last linear layer stays in float32: a logit of 10 has steps of 1/16 in bfloat16, and a method asks
    for small differences of logits.
    """
    if network not in _narrow:
        heavy = [name for name, module in network.named_modules() if isinstance(module, HEAVY)]
        linear = [name for name, module in network.named_modules() if type(module) is nn.Linear]
        _narrow[network] = Bfloat16Copy(network, linear[-1:]) if len(heavy) > len(linear[-1:]) else network
    return _narrow[network]


class Bfloat16Copy(nn.Module):
    """A copy of a network in bfloat16, except the modules `kept`; tensors in and out are float32."""

    def __init__(self, network: nn.Module, kept: Collection[str] = ()) -> None:
        super().__init__()
        self.network = cast_network(copy.deepcopy(network), kept)

    def forward(self, *inputs: Any) -> Any:
        return _cast(self.network(*_cast(inputs, torch.bfloat16)), torch.float32)


def _as_weights(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Cast inputs to the type of the module's weights."""
    assert isinstance(module.weight, Tensor)
    return tuple(x.to(module.weight.dtype) for x in inputs)


def _cast(values: Any, dtype: torch.dtype) -> Any:
    """Cast tensors, and lists and dicts of them, to this type."""
    if isinstance(values, dict):
        return type(values)((key, _cast(value, dtype)) for key, value in values.items())
    if isinstance(values, list | tuple):
        return type(values)(_cast(value, dtype) for value in values)
    return values.to(dtype)
