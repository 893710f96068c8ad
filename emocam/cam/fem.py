"""FEM, Fuad et al. 2020, https://doi.org/10.1109/IPTA50016.2020.9286629."""

from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score


class FEM(CAM):
    """A channel weighs as much as the share of its cells that stand out. It does not look at the label.

    A cell stands out above its channel's mean by more than `deviations` standard deviations.
    """

    def __init__(self, score: Score = "logit", target: str = "predicted", deviations: float = 2) -> None:
        super().__init__(score, target)
        self.deviations = deviations

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        activation = forward.activation.detach()
        mean = activation.mean((-2, -1), keepdim=True)
        deviation = activation.std((-2, -1), correction=0, keepdim=True)
        return (activation > mean + self.deviations * deviation).float().mean((-2, -1))
