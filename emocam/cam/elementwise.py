"""Element-wise Grad-CAM, as in Pillai and Pirsiavash 2021, https://arxiv.org/abs/2110.00527."""

from torch import Tensor

from emocam.cam.base import CAM, ForwardPass


class ElementwiseCAM(CAM):
    """HiResCAM in which a channel that speaks against the score takes nothing from the others."""

    def raw(self, forward: ForwardPass) -> Tensor:
        return (forward.gradient * forward.activation.detach()).relu().sum(1)
