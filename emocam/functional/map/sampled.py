"""Maps and masks read at places of the picture."""

import torch
from torch import Tensor


def map_values(maps: Tensor, window: Tensor, places: Tensor) -> Tensor:
    """Return the maps (B, h, w) of windows (B, 4) at places (B, N, 2) of their pictures: (B, N).

    Bilinear between the centres of cells, constant beyond the outermost ones, and 0 outside of the window.
    """
    corner, size = window[:, None, :2].double(), (window[:, 2:] - window[:, :2])[:, None].double()
    seen = ((places.double() - corner) / size).to(maps.dtype)
    grid = 2 * seen - 1
    found = torch.nn.functional.grid_sample(
        maps[:, None], grid[:, None], "bilinear", padding_mode="border", align_corners=False
    )[:, 0, 0]
    within = ((seen >= 0) & (seen <= 1)).all(-1)
    return torch.where(within, found, 0)


def mask_cells(boxes: Tensor, masks: Tensor, side: int) -> Tensor:
    """Return which cells of a grid over the picture each mask covers, from boxes (N, 4) and masks (N, m, m).

    Returns (N, side * side); a cell is covered where its middle is.
    """
    at = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    cells = masks.shape[-1]

    def place(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        seen = (at - low[:, None].double()) / (high - low).double().clamp(min=1e-9)[:, None]
        return (seen * cells).long().clamp(0, cells - 1), (seen >= 0) & (seen < 1)

    (x, within_x), (y, within_y) = place(boxes[:, 0], boxes[:, 2]), place(boxes[:, 1], boxes[:, 3])
    region = torch.arange(len(boxes))[:, None, None]
    covered = masks[region, y[:, :, None], x[:, None, :]] >= 0.5
    return (covered & within_y[:, :, None] & within_x[:, None, :]).flatten(1)
