"""torch's attention of a sequence to itself by packed products, in a frozen network's copy on a processor."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from emocam.network.packed_product import pack, product

USUAL = {"need_weights": False, "key_padding_mask": None, "attn_mask": None, "is_causal": False}
"""What may be named in a call: no weights are wanted, and nothing is hidden."""


class FusedAttention:
    """A replacement for an attention's `forward`; calls that are not of a sequence to itself are the layer's own."""

    def __init__(self, layer: nn.MultiheadAttention) -> None:
        assert isinstance(layer.in_proj_weight, Tensor)
        self.layer, self.heads = layer, layer.num_heads
        self.into, self.out = pack(layer.in_proj_weight.detach()), pack(layer.out_proj.weight.detach())

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, *more: Any, **named: Any) -> Any:
        usual = not more and all(USUAL.get(name, named) is given for name, given in named.items())
        if not usual or named.get("need_weights", True) or query.ndim != 3 or not (query is key is value):
            return nn.MultiheadAttention.forward(self.layer, query, key, value, *more, **named)
        images, tokens, width = query.shape
        parts = product(query, self.into, self.layer.in_proj_bias)
        q, k, v = parts.view(images, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(images, tokens, width)
        return product(found, self.out, self.layer.out_proj.bias), None


def is_attention(layer: nn.Module) -> bool:
    """Return whether a layer is torch's attention in float32 with one matrix for what is asked, looked up and taken."""
    if type(layer) is not nn.MultiheadAttention or not layer.batch_first or layer.in_proj_weight is None:
        return False
    plain = layer.bias_k is None and not layer.add_zero_attn
    weight: Tensor = layer.in_proj_weight
    return plain and weight.dtype == torch.float32 and weight.device.type == "cpu"
