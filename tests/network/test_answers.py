"""Answers that are probabilities, and weights that are no numbers."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from emocam.network.answers import probability_kind, unfit_weights

SQUASHED: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "softmax": (lambda z: z.softmax(-1), "softmax"),
    "written out": (lambda z: z.exp() / z.exp().sum(-1, keepdim=True), "softmax"),
    "moved after": (lambda z: z.softmax(-1).float().view(6, 4).clone(), "softmax"),
    "sigmoid": (lambda z: z.sigmoid(), "sigmoid"),
    "hard sigmoid": (nn.Hardsigmoid(), "sigmoid"),
}
LOGITS: dict[str, Callable[[Tensor], Tensor]] = {
    "plain": lambda z: z,
    "linear": nn.Linear(4, 4),
    "logarithms of probabilities": lambda z: z.log_softmax(-1),
    "a softmax on the way": lambda z: z.softmax(-1) @ torch.eye(4) * 3 - 1,
    "bounded, as cosines are": lambda z: z.tanh(),
    "small": lambda z: 0.1 + z.abs() / 100,
    "yes and no": lambda z: (z == z.amax(-1, keepdim=True)).float(),
}


@pytest.mark.parametrize("name", SQUASHED)
def test_probabilities_are_known_by_what_was_done_last_or_by_their_sum(name: str) -> None:
    squash, kind = SQUASHED[name]
    z = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert probability_kind(squash(z)) == kind
    assert probability_kind(squash(z).detach()) == (kind if kind == "softmax" else None)


@pytest.mark.parametrize("name", LOGITS)
def test_logits_are_left_alone(name: str) -> None:
    z = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert probability_kind(LOGITS[name](z)) is None
    assert probability_kind(LOGITS[name](z).detach()) is None


def test_one_row_alone_may_add_up_to_one_by_chance() -> None:
    assert probability_kind(torch.tensor([[0.3, 0.7]])) is None


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_weight_that_is_no_number_is_named(value: float) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    assert unfit_weights(network) is None
    network[1].running_var[2] = value
    assert unfit_weights(network) == "1.running_var"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_weights_of_every_precision_and_of_no_number_at_all_are_looked_through(dtype: torch.dtype) -> None:
    network = nn.Linear(300, 70).to(dtype)
    network.register_buffer("empty", torch.zeros(0, 3))
    assert unfit_weights(network) is None
    with torch.no_grad():
        network.weight[33, 257] = torch.nan
    assert unfit_weights(network) == "weight"
