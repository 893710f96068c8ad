import copy

import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import FrozenBatchNorm2d

from emocam.network.norm_folding import fold_norms, norms_behind_convolutions
from emocam.network.quick_copy import agreeing_copy, quick_copy


def drawn(norm: nn.Module) -> nn.Module:
    for name, low, high in (
        ("weight", 0.5, 1.5),
        ("bias", -1, 1),
        ("running_mean", -1, 1),
        ("running_var", 0.5, 2),
    ):
        nn.init.uniform_(getattr(norm, name), low, high)
    return norm


class Forked(nn.Module):
    """A convolution with a normalisation behind it in an order of their own, one read twice, one called twice."""

    def __init__(self, frozen: bool = False) -> None:
        super().__init__()
        kind = FrozenBatchNorm2d if frozen else nn.BatchNorm2d
        self.later, self.first, self.twice = (
            drawn(kind(4)),
            nn.Conv2d(3, 4, 3, stride=2, bias=False),
            nn.Conv2d(4, 4, 1),
        )
        self.norm, self.again = drawn(kind(4)), drawn(kind(4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.later(self.first(x)).relu()
        return self.again(self.twice(self.norm(self.twice(x)).relu()))


@pytest.mark.parametrize("frozen", [False, True])
def test_a_norm_goes_into_the_convolution_whose_very_answer_it_reads(frozen: bool) -> None:
    torch.manual_seed(0)
    network = Forked(frozen).eval().requires_grad_(False)
    x = torch.rand(2, 3, 9, 9)
    own, twin = network(x), copy.deepcopy(network)
    assert norms_behind_convolutions(twin, lambda: twin(x)) == [("first", "later")]  # twice is called twice
    assert fold_norms(twin, lambda: twin(x)) == 1 and isinstance(twin.later, nn.Identity)
    torch.testing.assert_close(twin(x), own, rtol=1e-5, atol=1e-6)
    assert not torch.equal(twin.first.weight, network.first.weight)


def test_a_norm_that_still_counts_is_left_alone() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 1),
        nn.BatchNorm2d(4),
        nn.Conv2d(4, 4, 1),
        nn.BatchNorm2d(4, track_running_stats=False),
    )
    network.requires_grad_(False).train()
    assert fold_norms(network, lambda: network(torch.rand(2, 3, 5, 5))) == 0


def test_what_else_a_norm_holds_stays() -> None:
    layers = pytest.importorskip("timm.layers")
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 1), drawn(layers.BatchNormAct2d(4))).eval().requires_grad_(False)
    x = torch.rand(2, 3, 5, 5) - 0.5
    own, twin = network(x), copy.deepcopy(network)
    assert (own >= 0).all() and (own == 0).any()
    assert fold_norms(twin, lambda: twin(x)) == 1
    torch.testing.assert_close(twin(x), own, rtol=1e-5, atol=1e-6)


def test_a_copy_that_does_not_agree_is_not_taken() -> None:
    """The first convolution's answer is read by a normalisation, and by something else that no hook sees."""

    class Read(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.norm = nn.Conv2d(3, 4, 1), drawn(nn.BatchNorm2d(4))

        def forward(self, x: Tensor) -> Tensor:
            x = self.first(x)
            return self.norm(x) + x

    torch.manual_seed(0)
    network = Read().eval().requires_grad_(False)
    x = torch.rand(2, 3, 5, 5)
    assert quick_copy(network, "folded", lambda net: net(x)) is not None
    assert agreeing_copy(network, lambda net: net(x), ("folded",)) is network
