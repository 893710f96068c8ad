"""Guided Grad-CAM, Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, section 3.3. It is for looking."""

import torch
from torch import Tensor
from torch.nn import functional as F

from emocam.cam.base import PREDICTED, ForwardPass, Score
from emocam.cam.gradcam import GradCAM
from emocam.cam.input_scores import held
from emocam.errors import SettingError
from emocam.functional.map.guided import guided_gradient


class GuidedGradCAM(GradCAM):
    """The guided gradient of the picture times Grad-CAM's map, without regard to sign, on `grid` x `grid` cells.

    Without `gradcam` it is guided backpropagation alone, which shows edges whatever it is asked.
    """

    def __init__(
        self, score: Score = "logit", target: str = PREDICTED, grid: int = 56, gradcam: bool = True
    ) -> None:
        super().__init__(score, target)
        if isinstance(grid, bool) or not isinstance(grid, int) or grid < 1:
            raise SettingError(f"cam.grid must be a whole number of at least 1, got {grid!r}")
        self.grid, self.gradcam = (grid, grid), gradcam

    def raw(self, forward: ForwardPass) -> Tensor:
        attributions = self.attributions(forward)
        assert self.grid is not None
        return F.adaptive_avg_pool2d(attributions.abs().sum(1, keepdim=True), self.grid)[:, 0]

    def attributions(self, forward: ForwardPass) -> Tensor:
        """Return what each number of the network's input adds, (B, C, H, W)."""
        places = torch.arange(len(forward.x), device=forward.x.device)
        step = max(1, held(forward.x.device) // forward.x[0].numel())
        gradient = torch.cat([self._guided(forward, rows) for rows in places.split(step)])
        if not self.gradcam:
            return gradient
        # Grad-CAM's own map but for the order of its sum, which is that of captum
        weighed = self.channel_weights(forward)[:, :, None, None] * forward.activation.detach()
        coarse = weighed.sum(1).relu()
        return gradient * F.interpolate(coarse[:, None], forward.x.shape[-2:], mode="nearest")

    def _guided(self, forward: ForwardPass, rows: Tensor) -> Tensor:
        gradient, met = guided_gradient(lambda x: forward.score(forward.classifier(x), rows), forward.x[rows])
        if not met:
            raise SettingError(
                "cam=guidedgradcam guides the gradient through ReLUs, and this network has none (ReLU6, SiLU and GELU "
                "are others); take cam=gradcam"
            )
        return gradient
