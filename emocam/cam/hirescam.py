"""HiResCAM, Draelos and Carin 2020, https://arxiv.org/abs/2011.08891."""

from torch import Tensor

from emocam.cam.base import CAM, ForwardPass


class HiResCAM(CAM):
    """Gradient times activation, summed over channels: no average over places."""

    def raw(self, forward: ForwardPass) -> Tensor:
        return (forward.gradient * forward.activation.detach()).sum(1)
