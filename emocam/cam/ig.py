"""Integrated Gradients, Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365, of a layer's channels."""

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.completeness import check_sums
from emocam.errors import SettingError

HELD = 1 << 24
"""Numbers of activation held at once: 64 MB."""


class IntegratedGradients(CAM):
    """A channel weighs its activation times the mean gradient on the straight way to it from zero.

    The gradient is taken in the middle of `steps` equal parts of the way. An image's weights must sum
    to the difference of its score and the score of nothing, within `tolerance` of the sum of what its
    places add and take away.
    """

    def __init__(
        self,
        score: Score = "logit",
        target: str = "predicted",
        steps: int = 32,
        tolerance: float = 0.05,
    ) -> None:
        super().__init__(score, target)
        if steps < 1:
            raise SettingError(f"cam.steps must be at least 1, got {steps}")
        if not tolerance > 0:
            raise SettingError(f"cam.tolerance must be above 0, got {tolerance:g}")
        self.steps = steps
        self.tolerance = tolerance

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        activation = forward.activation.detach()
        contributions = activation * self.mean_gradient(forward, activation)
        with torch.no_grad():
            expected = forward.scores - forward.score_of(torch.zeros_like(activation))
        check_sums(
            "ig",
            [contributions],
            expected,
            expected.abs(),
            f"more steps are needed: cam.steps={4 * self.steps}",
            of_parts=self.tolerance,
        )
        return contributions.sum((-2, -1))

    def mean_gradient(self, forward: ForwardPass, activation: Tensor) -> Tensor:
        """Average the gradient (B, C, h, w) over the middles of the steps."""
        images = len(activation)
        image = torch.arange(images, device=activation.device).repeat(self.steps)
        way = (
            torch.arange(self.steps, device=activation.device).repeat_interleave(images) + 0.5
        ) / self.steps
        total = torch.zeros_like(activation)
        rows = max(1, HELD // activation[0].numel())
        for i, share in zip(image.split(rows), way.split(rows), strict=True):
            with torch.enable_grad():
                between = (activation[i] * share[:, None, None, None]).requires_grad_()
                (gradient,) = torch.autograd.grad(forward.score_of(between, i).sum(), between)
            total.index_add_(0, i, gradient)
        return total / self.steps
