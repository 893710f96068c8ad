"""Ablation-CAM, Desai and Ramaswamy 2020, https://doi.org/10.1109/WACV45572.2020.9093360."""

from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.coalitions import Coalitions


class AblationCAM(CAM):
    """A channel weighs as much as the score falls when the channel is set to zero.

    `relative` divides by the score, as the paper does; where a score is negative that turns the
    map into its negative.
    """

    def __init__(self, score: Score = "logit", target: str = "predicted", relative: bool = False) -> None:
        super().__init__(score, target)
        self.relative = relative

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        coalitions = Coalitions(forward)
        drop = coalitions.whole[:, None] - coalitions.scores_without_each()
        scores = forward.scores[:, None]
        return drop / scores.where(scores != 0, 1) if self.relative else drop
