"""The order of weights in memory is tried once, on a GPU that is only pretended, and kept where it pays."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from emocam.network import memory_order
from emocam.network.memory_order import settle_memory_order


class Clock:
    """Says how long a network takes in either order, and counts how often it is asked."""

    def __init__(self, usual: float, last: float) -> None:
        self.usual, self.last, self.asked = usual, last, 0

    def __call__(self, network: nn.Module, x: Tensor) -> float:
        self.asked += 1
        return self.last if is_last(network) else self.usual


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))


def is_last(network: nn.Module) -> bool:
    return network[0].weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[index]


def as_they_are(views: Tensor) -> Tensor:
    return views.float()


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_order, "_chosen", {})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


@pytest.mark.parametrize(("usual", "last", "kept"), [(1.2, 1.0, True), (1.05, 1.0, False), (1.0, 1.2, False)])
def test_channels_last_are_kept_where_they_are_clearly_quicker(
    usual: float,
    last: float,
    kept: bool,
    monkeypatch: pytest.MonkeyPatch,
    pretended: Callable,
    watch: Callable,
) -> None:
    monkeypatch.setattr(memory_order, "_seconds", clock := Clock(usual, last))
    net, views = network(), torch.rand(2, 3, 8, 8)
    expected = net(views)
    with watch():
        for _ in range(3):
            settle_memory_order(net, pretended(views), as_they_are)
    assert is_last(net) == kept and clock.asked == 2
    torch.testing.assert_close(net(views), expected)


def test_a_network_that_orders_itself_and_a_processor_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, pretended: Callable, watch: Callable
) -> None:
    monkeypatch.setattr(memory_order, "_seconds", clock := Clock(1.0, 2.0))
    ordered, usual = network().to(memory_format=torch.channels_last), network()
    with watch():
        settle_memory_order(ordered, pretended(torch.rand(2, 3, 8, 8)), as_they_are)
        settle_memory_order(usual, torch.rand(2, 3, 8, 8), as_they_are)
        settle_memory_order(usual, pretended(torch.rand(0, 3, 8, 8)), as_they_are)
    assert is_last(ordered) and not is_last(usual) and clock.asked == 0


def test_networks_that_are_alike_are_ordered_alike(
    monkeypatch: pytest.MonkeyPatch, pretended: Callable, watch: Callable
) -> None:
    views, nets = torch.rand(2, 3, 8, 8), [network() for _ in range(2)]
    with watch():
        for net, clock in zip(nets, (Clock(2.0, 1.0), Clock(1.0, 2.0)), strict=True):
            monkeypatch.setattr(memory_order, "_seconds", clock)
            settle_memory_order(net, pretended(views), as_they_are)
    assert all(is_last(net) for net in nets) and clock.asked == 0
