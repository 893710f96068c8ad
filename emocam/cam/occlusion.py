"""Occlusion, Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901."""

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.input_scores import scores_of_inputs
from emocam.errors import SettingError


class Occlusion(CAM):
    """A place counts as much as the score falls when a grey patch lies on it.

    The map has `cells` x `cells` cells; a patch whose sides are the share `patch` of the view's lies
    on the middle of each. Middle grey goes through the classifier's own preparation.
    """

    looks_inside = False

    def __init__(
        self, score: Score = "logit", target: str = "predicted", cells: int = 14, patch: float = 0.2
    ) -> None:
        super().__init__(score, target)
        if cells < 1:
            raise SettingError(f"cam.cells must be at least 1, got {cells}")
        if not 0 < patch <= 1:
            raise SettingError(f"cam.patch must be in (0, 1], got {patch:g}")
        self.cells = cells
        self.patch = patch
        self.grid = (cells, cells)

    def covers(self, pixels: int, device: torch.device) -> Tensor:
        """Mark the pixels along a side that the patch covers at each cell (cells, pixels); at least one."""
        pixel = (torch.arange(pixels, device=device) + 0.5) / pixels
        middle = (torch.arange(self.cells, device=device) + 0.5) / self.cells
        distance = (pixel - middle[:, None]).abs()
        # half a thousandth of a pixel: borders that fall on a pixel's middle are rounding otherwise
        return (distance < self.patch / 2 + 5e-4 / pixels) | (distance == distance.amin(1, keepdim=True))

    def raw(self, forward: ForwardPass) -> Tensor:
        height, width = forward.x.shape[-2:]
        down, across = (self.covers(n, forward.x.device) for n in (height, width))
        view = torch.full((1, *forward.x.shape[1:]), 128, dtype=torch.uint8, device=forward.x.device)
        grey = forward.classifier.prepare(view)
        places = self.cells**2
        images = len(forward.x)
        place = torch.arange(places, device=forward.x.device).repeat(images)

        def covered(x: Tensor, rows: Tensor) -> Tensor:
            row, column = place[rows] // self.cells, place[rows] % self.cells
            patch = down[row][:, None, :, None] & across[column][:, None, None, :]
            return torch.where(patch, grey, x)

        image = torch.arange(images, device=forward.x.device).repeat_interleave(places)
        left = scores_of_inputs(forward, image, covered).view(images, self.cells, self.cells)
        return self.uncovered(forward)[:, None, None] - left

    def uncovered(self, forward: ForwardPass) -> Tensor:
        """Return the unchanged pictures' score (B,) in the precision of the others: rounding is no effect."""
        if not forward.classifier.bf16:
            return forward.scores
        images = torch.arange(len(forward.x), device=forward.x.device)
        return scores_of_inputs(forward, images, lambda x, rows: x)
