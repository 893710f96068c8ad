"""Grad-CAM++, Chattopadhay et al. 2018, https://arxiv.org/abs/1710.11063."""

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass


class GradCAMPlusPlus(CAM):
    """Positive gradients count, each cell by alpha (equations 13 and 19).

    Alpha's short form holds for the exponential of the score; applied to a score as it is, the
    constant under the fraction makes the weights depend on the score's scale.
    """

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        gradient = forward.gradient
        mass = forward.activation.detach().sum((-2, -1), keepdim=True)  # of the activation alone
        divisor = 2 * gradient**2 + gradient**3 * mass + 1e-6
        counts = (gradient != 0) & (divisor != 0)
        alpha = torch.where(counts, gradient**2 / divisor.where(counts, 1), 0)
        return (gradient.relu() * alpha).sum((-2, -1))
