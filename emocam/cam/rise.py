"""RISE, Petsiuk et al. 2018, https://arxiv.org/abs/1806.07421."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.input_scores import scores_of_inputs
from emocam.errors import SettingError


class RISE(CAM):
    """The mean score of the picture behind random masks that let a place through (equation 6).

    `masks` smooth masks of `cells` x `cells` are shared by all images; each cell is open with
    probability `open`. The map has four cells for each of theirs along each side, and divides by how
    often a place was in fact seen, not by `open`.
    """

    looks_inside = False

    def __init__(
        self,
        score: Score = "probability",
        target: str = "predicted",
        masks: int = 4000,
        cells: int = 7,
        open: float = 0.5,
        seed: int = 0,
    ) -> None:
        super().__init__(score, target)
        if masks < 1 or cells < 1:
            raise SettingError(f"cam.masks and cam.cells must be at least 1, got {masks} and {cells}")
        if not 0 < open < 1:
            raise SettingError(f"cam.open must be between 0 and 1, got {open:g}")
        self.masks = masks
        self.cells = cells
        self.open = open
        self.seed = seed
        self.grid = (4 * cells, 4 * cells)

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw coarse masks (S, 1, cells + 1, cells + 1), and their shifts (S, 2) as shares of a cell."""
        generator = torch.Generator().manual_seed(self.seed)
        side = self.cells + 1
        coarse = torch.rand(self.masks, 1, side, side, generator=generator) < self.open
        return coarse.float(), torch.rand(self.masks, 2, generator=generator)

    def smooth(self, coarse: Tensor, shift: Tensor, size: Sequence[int]) -> Tensor:
        """Enlarge coarse masks, one cell larger than the view and shifted, to masks (M, 1, H, W)."""
        places = [
            ((torch.arange(n, device=shift.device) + 0.5) / n * self.cells + shift[:, k : k + 1])
            for k, n in enumerate(size)
        ]
        y, x = (2 * place / (self.cells + 1) - 1 for place in places)
        where = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), -1)
        return F.grid_sample(coarse, where, "bilinear", "border", align_corners=False)

    def raw(self, forward: ForwardPass) -> Tensor:
        coarse, shift = (drawn.to(forward.x.device, non_blocking=True) for drawn in self.draw())
        images, _, *size = forward.x.shape
        image = torch.arange(images, device=coarse.device).repeat(self.masks)
        number = torch.arange(self.masks, device=coarse.device).repeat_interleave(images)

        def behind(x: Tensor, rows: Tensor) -> Tensor:
            return x * self.smooth(coarse[number[rows]], shift[number[rows]], size)

        scores = scores_of_inputs(forward, image, behind).view(self.masks, images)
        seen = torch.cat(
            [
                F.adaptive_avg_pool2d(self.smooth(c, s, size), self.grid)
                for c, s in zip(coarse.split(64), shift.split(64), strict=True)
            ]
        )[:, 0]
        return torch.einsum("sb,shw->bhw", scores, seen) / seen.sum(0).clamp(min=1e-6)
