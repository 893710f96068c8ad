"""Layer-wise relevance propagation, Bach et al. 2015, https://doi.org/10.1371/journal.pone.0130140.

Rules after Montavon et al. 2019, https://doi.org/10.1007/978-3-030-28954-6_10, section 10.2.
"""

import torch
from torch import Tensor, fx

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.completeness import check_sums
from emocam.cam.lrp_rules import Epsilon, Gamma, Positive, Relevance, Rule
from emocam.cam.propagation import ACTIVATION_FUNCTIONS, ACTIVATIONS, STRAIGHT, kinds_of, steps_of
from emocam.errors import SettingError, nearest


class LRP(CAM):
    """A channel weighs the relevance that reaches it.

    `epsilon` shares out by contributions; with a small epsilon and ReLU, pooling and linear layers
    that is gradient times activation, and the pass's own gradient is taken. `gamma` prefers
    contributions of an output's own sign. `alpha1beta0` knows positive contributions only, a positive
    bias among them; `zplus` leaves the bias out: the relevance of a label with a negative logit is
    then negative everywhere.

    An image's relevance is its score, but for what epsilon and the biases keep. When a probability is
    explained, each logit starts with itself times the derivative by it.
    """

    def __init__(
        self,
        score: Score = "logit",
        target: str = "predicted",
        rule: str = "epsilon",
        epsilon: float = 1e-9,
        gamma: float = 0.25,
    ) -> None:
        super().__init__(score, target)
        if epsilon < 0 or gamma < 0:
            raise SettingError(
                f"cam.epsilon and cam.gamma must not be negative, got {epsilon:g} and {gamma:g}"
            )
        rules: dict[str, Rule] = {
            "epsilon": Epsilon(epsilon),
            "gamma": Gamma(gamma),
            "alpha1beta0": Positive(bias=True),
            "zplus": Positive(bias=False),
        }
        if rule not in rules:
            raise SettingError(f"cam.rule {rule!r} is no rule of LRP; {nearest(rule, rules)}")
        self.rule = rules[rule]

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        return self.relevance(forward).sum((-2, -1))

    def relevance(self, forward: ForwardPass) -> Tensor:
        """Return the relevance of each place in each channel: (B, C, h, w)."""
        steps = steps_of(forward.head.module, "lrp")
        if self._is_gradient(steps) and not forward.head.bypass:
            return forward.activation.detach() * forward.gradient
        return self.walked(forward)

    def _is_gradient(self, steps: fx.GraphModule) -> bool:
        """Check that relevance is gradient times activation: each step passes on what its slope says."""
        bent = {*ACTIVATIONS, *ACTIVATION_FUNCTIONS} - STRAIGHT
        exact = isinstance(self.rule, Epsilon) and self.rule.epsilon <= 1e-9
        return exact and bent.isdisjoint(kinds_of(steps))

    def walked(self, forward: ForwardPass) -> Tensor:
        """Compute relevance by its definition, step by step with the rule."""
        walk = Relevance(steps_of(forward.head.module, "lrp"), self.rule)
        inputs = [t.detach().requires_grad_() for t in (forward.activation, *forward.head.bypass)]
        with torch.enable_grad():
            logits = walk.run(*inputs)
            *gradients, entry = torch.autograd.grad(
                forward.score(logits).sum(), [*inputs, *walk.outputs, logits], allow_unused=True
            )
        values = [value.detach() for value in (*inputs, *walk.kept)]
        received = [v * g for v, g in zip(values, gradients, strict=True) if g is not None]
        entered = (logits * entry).detach().sum(1)
        check_sums(
            "lrp",
            received,
            entered,
            entered.abs(),
            "relevance is lost in a step that the rules do not fit: take cam=ig",
        )
        return received[0]
