"""A control: every place counts the same, so that importance says nothing but presence."""

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass


class Uniform(CAM):
    """One everywhere. A flat map would be stretched to zero, so this one is not stretched."""

    looks_inside = False

    def raw(self, forward: ForwardPass) -> Tensor:
        return torch.ones_like(forward.activation[:, 0])

    def maps(self, forward: ForwardPass) -> Tensor:
        return self.raw(forward)
