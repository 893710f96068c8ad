"""Grad-CAM, Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391."""

from torch import Tensor

from emocam.cam.base import CAM, ForwardPass


class GradCAM(CAM):
    """A channel weighs as much as the score's mean gradient over it (equation 1)."""

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        return forward.gradient.mean((-2, -1))
