"""Eigen-Grad-CAM: Eigen-CAM (Muhammad and Yeasin 2020, https://arxiv.org/abs/2008.00299) of g A."""

from torch import Tensor

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.eigencam import first_projection, orient


class EigenGradCAM(CAM):
    """The pattern most common to the channels' gradient x activation; it points to the label's evidence."""

    def raw(self, forward: ForwardPass) -> Tensor:
        evidence = forward.gradient * forward.activation.detach()
        cells = evidence.flatten(2).mT
        return orient(first_projection(cells), cells.sum(-1)).view_as(evidence[:, 0])
