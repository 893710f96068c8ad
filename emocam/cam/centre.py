"""A control for the centre prior of eye movements: photographers put their subject in the middle."""

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.errors import SettingError


class Centre(CAM):
    """A Gaussian on the view's middle; `sigma` is its width as a share of the view's sides."""

    looks_inside = False

    def __init__(self, score: Score = "logit", target: str = "predicted", sigma: float = 0.25) -> None:
        super().__init__(score, target)
        if not sigma > 0:
            raise SettingError(f"cam.sigma must be above 0, got {sigma:g}")
        self.sigma = sigma

    def raw(self, forward: ForwardPass) -> Tensor:
        images, _, height, width = forward.activation.shape
        down, across = (
            torch.exp(
                -(((torch.arange(n, device=forward.x.device) + 0.5) / n - 0.5) ** 2) / (2 * self.sigma**2)
            )
            for n in (height, width)
        )
        return (down[:, None] * across).expand(images, -1, -1)
