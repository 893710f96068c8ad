"""bfloat16 where a machine computes it: half the bytes, and on most such machines over twice the products.

For questions without a gradient only: of maps from bfloat16 features or gradients every cell is off.
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
    """Whether the device that Lightning takes for this name does so itself; emulated it is slower than float32."""
    if accelerator != "cpu" and torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if accelerator not in ("cpu", "auto"):
        return False
    return any(can is True for name, can in torch.cpu.get_capabilities().items() if "bf16" in name)


def cast_network(network: nn.Module, kept: Collection[str] = ()) -> nn.Module:
    """The network itself, its weights in bfloat16 but for the modules `kept` and batch normalisations."""
    for name, module in network.named_modules():
        if isinstance(module, HEAVY):
            module.register_forward_pre_hook(_as_weights)
        if name not in kept and not isinstance(module, _BatchNorm):
            for own in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
                own.data = own.data.to(torch.bfloat16) if own.is_floating_point() else own.data
    return network


def bfloat16_copy(network: nn.Module) -> nn.Module:
    """A copy for tensors in and out in float32, cast once; the network itself where nothing would be saved.

    Its last linear layer stays in float32: a logit of 10 has steps of 1/16 in bfloat16, and what a
    method asks for are small differences of logits.
    """
    if network not in _narrow:
        heavy = [name for name, module in network.named_modules() if isinstance(module, HEAVY)]
        linear = [name for name, module in network.named_modules() if type(module) is nn.Linear]
        _narrow[network] = Bfloat16Copy(network, linear[-1:]) if len(heavy) > len(linear[-1:]) else network
    return _narrow[network]


class Bfloat16Copy(nn.Module):
    """A copy of a network in bfloat16 but for the modules `kept`; tensors in and out are float32."""

    def __init__(self, network: nn.Module, kept: Collection[str] = ()) -> None:
        super().__init__()
        self.network = cast_network(copy.deepcopy(network), kept)

    def forward(self, *given: Tensor) -> Any:
        return _float(self.network(*(x.to(torch.bfloat16) for x in given)))


def _as_weights(module: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    assert isinstance(module.weight, Tensor)
    return tuple(x.to(module.weight.dtype) for x in given)


def _float(found: Any) -> Any:
    """Of tensors, lists and dicts of them."""
    if isinstance(found, dict):
        return type(found)((key, _float(value)) for key, value in found.items())
    if isinstance(found, list | tuple):
        return type(found)(_float(value) for value in found)
    return found.float()
