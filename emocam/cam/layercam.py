"""LayerCAM, Jiang et al. 2021, https://doi.org/10.1109/TIP.2021.3089943."""

from torch import Tensor

from emocam.cam.base import CAM, ForwardPass


class LayerCAM(CAM):
    """Every cell of every channel weighs as much as its own positive gradient."""

    def raw(self, forward: ForwardPass) -> Tensor:
        return (forward.gradient.relu() * forward.activation.detach()).sum(1)
