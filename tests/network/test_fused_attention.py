import copy

import pytest
import torch
from torch import nn
from torchvision.models.vision_transformer import EncoderBlock

from emocam.network.fused_attention import FusedAttention, is_attention
from emocam.network.fused_linear import fuse_linears
from emocam.network.packed_product import CAN

pytestmark = pytest.mark.skipif(not CAN, reason="this torch does not pack")


@pytest.fixture
def layer() -> nn.MultiheadAttention:
    torch.manual_seed(0)
    return nn.MultiheadAttention(32, 4, batch_first=True).eval().requires_grad_(False)


def both(layer: nn.MultiheadAttention, *given: torch.Tensor, **named: object) -> None:
    found, expected = (
        FusedAttention(layer)(*given, **named),
        nn.MultiheadAttention.forward(layer, *given, **named),
    )
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_a_sequence_looks_at_itself_as_by_torch(layer, monkeypatch) -> None:
    x = torch.randn(3, 7, 32)
    with monkeypatch.context() as patched:
        own = nn.MultiheadAttention.forward
        packed = FusedAttention(layer)
        patched.setattr(nn.MultiheadAttention, "forward", None)
        found = packed(x, x, x, need_weights=False, attn_mask=None)
    assert found[1] is None
    torch.testing.assert_close(found[0], own(layer, x, x, x, need_weights=False)[0], rtol=1e-5, atol=1e-6)


def test_other_calls_are_answered_by_the_layer(layer) -> None:
    x, y, hidden = torch.randn(3, 7, 32), torch.randn(3, 5, 32), torch.zeros(3, 7, dtype=torch.bool)
    hidden[:, 4:] = True
    both(layer, x, x, x)
    both(layer, x, y, y, need_weights=False)
    both(layer, x[0], x[0], x[0], need_weights=False)
    both(layer, x, x, x, key_padding_mask=hidden, need_weights=False)
    both(layer, x, x, x, attn_mask=torch.ones(7, 7).triu(1).bool(), need_weights=False)
    both(layer, x, x, x, None, False)


@pytest.mark.parametrize(
    "settings",
    [{"batch_first": False}, {"add_zero_attn": True}, {"add_bias_kv": True}, {"kdim": 8, "vdim": 8}],
)
def test_attentions_of_another_kind_stay(settings) -> None:
    kind = nn.MultiheadAttention(32, 4, **{"batch_first": True, **settings})
    assert not is_attention(kind) and is_attention(nn.MultiheadAttention(32, 4, batch_first=True))


def test_a_transformers_layer_answers_the_same() -> None:
    torch.manual_seed(0)
    own = EncoderBlock(4, 64, 96, 0.0, 0.0).eval().requires_grad_(False)
    twin = copy.deepcopy(own)
    x = torch.randn(2, 9, 64)
    assert fuse_linears(twin, own, lambda: twin(x)) == 3
    torch.testing.assert_close(twin(x), own(x), rtol=1e-5, atol=1e-6)
