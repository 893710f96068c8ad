"""A network that has learned nothing: each tensor's own numbers, in random order.

What a map shows of such a network it does not show of what was learned, Adebayo et al. 2018,
https://arxiv.org/abs/1810.03292.
"""

from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def with_shuffled_weights(network: Network, part: str | None = None, seed: int = 0) -> Network:
    """Return a copy whose parameters are shuffled, all of them or those of the part of this name.

    The numbers of a tensor stay, so that their scale does, whatever kind of layer they belong to.
    """
    other = deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    shuffled = other if part is None else other.get_submodule(part)
    with torch.no_grad():
        for parameter in shuffled.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
    return other
