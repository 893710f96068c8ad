import copy

import pytest
import torch
from torch import Tensor, nn

from emocam.network.fused_linear import FusedForward, fuse_linears
from emocam.network.packed_product import CAN
from emocam.network.quick_copy import agrees, quick_copy

pytestmark = pytest.mark.skipif(not CAN, reason="this torch does not pack")


class Block(nn.Module):
    """Two GELUs read a product each, a third reads a sum, and one layer is small."""

    def __init__(self, both: bool = False) -> None:
        super().__init__()
        self.both = both
        self.first, self.exact = nn.Linear(64, 96), nn.GELU()
        self.second, self.rough = nn.Linear(96, 64, bias=False), nn.GELU("tanh")
        self.third, self.last, self.small = nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 3)

    def forward(self, x: Tensor) -> Tensor:
        made = self.first(x)
        seen = self.rough(self.second(self.exact(made)))
        seen = self.last(self.third(seen) + x)
        return self.small(seen) + (made.mean() if self.both else 0)


def network(both: bool = False) -> tuple[Block, Tensor]:
    torch.manual_seed(0)
    return Block(both).eval().requires_grad_(False), torch.randn(2, 5, 64)


def test_products_are_packed_with_the_gelu_that_reads_them_and_the_answers_are_the_same() -> None:
    own, x = network()
    twin = copy.deepcopy(own)
    assert fuse_linears(twin, own, lambda: twin(x)) == 3
    assert [isinstance(part.forward, FusedForward) for part in (twin.first, twin.third, twin.small)] == [
        *(True, True, False)
    ]
    assert [type(part) for part in (twin.exact, twin.rough, twin.last)] == [nn.Identity, nn.Identity, nn.GELU]
    for rows in (x, x[:1, :1], torch.randn(7, 64), x.transpose(0, 1)):
        torch.testing.assert_close(twin(rows), own(rows), rtol=1e-5, atol=1e-6)
    assert twin.first.weight is own.first.weight  # held once
    assert not isinstance(own.first.forward, FusedForward) and type(own.exact) is nn.GELU


def test_a_product_that_something_else_reads_as_well_is_noticed() -> None:
    own, x = network(both=True)
    twin = quick_copy(own, "folded", lambda part: part(x), linear=True)
    assert twin is not None and not agrees(own(x), twin(x))


def test_only_who_asks_for_it_gets_packed_layers() -> None:
    own, x = network()
    assert quick_copy(own, "folded", lambda part: part(x)) is None
    half = own.to(torch.bfloat16)
    assert fuse_linears(half, own, lambda: half(x.bfloat16())) == 0
