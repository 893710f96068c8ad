"""SHAP-CAM, Zheng et al. 2022, https://arxiv.org/abs/2208.03608: Shapley values of channels.

Antithetic permutations after Mitchell et al. 2022, https://jmlr.org/papers/v23/21-0439.html.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.coalitions import Coalitions
from emocam.cam.completeness import OF_SCORES, check_sums
from emocam.errors import SettingError

NARROW = 5e-2
"""Of the scores' size: how far bfloat16 may be from float32, with which its sums are compared."""


@dataclass(frozen=True)
class Estimate:
    """Shapley values (B, C), and how far each is off by chance: NaN where only one pair was drawn."""

    value: Tensor
    standard_error: Tensor


class ShapleyCAM(CAM):
    """A channel weighs what it adds to the score, averaged over orders in which channels may arrive.

    `pairs` orders are drawn once for all images, and each is also gone through backwards: a channel
    that came early then comes late. `estimate` also gives the values' standard errors.
    """

    def __init__(
        self, score: Score = "logit", target: str = "predicted", pairs: int = 4, seed: int = 0
    ) -> None:
        super().__init__(score, target)
        if pairs < 1:
            raise SettingError(f"cam.pairs must be at least 1, got {pairs}")
        self.pairs = pairs
        self.seed = seed

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        return self.estimate(forward).value

    def estimate(self, forward: ForwardPass) -> Estimate:
        """Return the mean over pairs of orders, and its standard error."""
        channels = forward.activation.shape[1]
        generator = torch.Generator().manual_seed(self.seed)
        coalitions = Coalitions(forward)
        orders = [torch.randperm(channels, generator=generator) for _ in range(self.pairs)]
        pairs = torch.stack(
            [_added(coalitions, order.to(forward.logits.device, non_blocking=True)) for order in orders],
            1,
        )
        self._check(forward, pairs)
        # of one pair there is no spread: 0 / 0
        spread = (pairs - pairs.mean(1, keepdim=True)).square().sum(1) / (self.pairs - 1 or torch.nan)
        return Estimate(pairs.mean(1), (spread / self.pairs).sqrt())

    def _check(self, forward: ForwardPass, pairs: Tensor) -> None:
        """Check that every pair by itself sums to the score minus the score of nothing."""
        with torch.no_grad():
            nothing = forward.score_of(torch.zeros_like(forward.activation))
        expected = forward.scores - nothing
        scale = forward.scores.abs() + nothing.abs()
        cure = "the network answers rows of a batch differently by their company"
        least = NARROW if forward.classifier.bf16 else OF_SCORES
        for pair in pairs.unbind(1):
            check_sums("shapley", [pair], expected, scale, cure, of_scores=least)


def _added(coalitions: Coalitions, order: Tensor) -> Tensor:
    """Return what each channel (B, C) adds when it arrives, in this order and in its reverse."""
    channels = len(order)
    arrived = torch.empty_like(order)
    arrived[order] = torch.arange(channels, device=order.device)
    # row m: the first m channels to arrive
    first = (arrived < torch.arange(channels + 1, device=order.device)[:, None]).float()
    # the first m of the reverse are those that are not among the first C - m
    scores = coalitions.scores(torch.cat([first, 1 - first])[None])
    forwards, backwards = scores[:, : channels + 1].diff(dim=1), -scores[:, channels + 1 :].diff(dim=1)
    return ((forwards + backwards) / 2)[:, arrived]
