"""A map is a function on the classifier's view: bilinear between the centres of its cells.

Beyond the outermost centres it is constant. Its integral over a box separates into one integral
along x and one along y for each cell, so the mean in a box is exact and needs no upsampling.
"""

import torch
from torch import Tensor

from emocam.functional.box.boxes import to_window

CHUNK = 1 << 24
"""Numbers held at once while regions gather their maps: 64 MB."""


def normalise(raw: Tensor) -> Tensor:
    """Stretch the positive part of each map (B, h, w) to [0, 1] over its cells; a flat map becomes zero."""
    positive = raw.relu()
    low, high = positive.amin((-2, -1), keepdim=True), positive.amax((-2, -1), keepdim=True)
    span = high - low
    # a span that is rounding of the map's own height carries no place
    flat = span <= 1e-6 * high
    return torch.where(flat, torch.zeros_like(raw), (positive - low) / torch.where(flat, 1, span))


def hat_integrals(start: Tensor, end: Tensor, cells: int) -> Tensor:
    """Integrate each cell's share in the interpolation from start (N,) to end (N,): (N, cells).

    Cells have their centres at (i + 1/2) / cells. A row sums to end - start inside [0, 1].
    """
    up_to = _hats_up_to(torch.stack([start, end]), cells)
    return _over_cells((up_to[1] - up_to[0]) / cells)


def hats_between(edges: Tensor, cells: int) -> Tensor:
    """Integrate each cell's share between neighbours of edges (B, P + 1): (B, P, cells)."""
    up_to = _hats_up_to(edges, cells)
    return _over_cells((up_to[:, 1:] - up_to[:, :-1]).div_(cells))


def _hats_up_to(places: Tensor, cells: int) -> Tensor:
    """Integrate each hat, of the cells and of one more at each end, from its middle on to the places."""
    centres = torch.arange(-1, cells + 1, device=places.device, dtype=places.dtype) + 0.5
    u = (places.clamp(0, 1)[..., None] * cells - centres).clamp(-1, 1)
    return torch.addcmul(u, u, u.abs(), value=-0.5)


def _over_cells(hats: Tensor) -> Tensor:
    """Give the outermost cells what lies beyond their centres, where they go on."""
    inner = hats[..., 1:-1]
    inner[..., 0] += hats[..., 0]
    inner[..., -1] += hats[..., -1]
    return inner


def box_integrals(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> Tensor:
    """Integrate each region's map over its box, in areas of the image: (N,)."""
    height, width = maps.shape[-2:]
    seen = to_window(boxes.double(), window.double()[image])
    along_x = hat_integrals(seen[:, 0], seen[:, 2], width).to(maps.dtype)
    along_y = hat_integrals(seen[:, 1], seen[:, 3], height).to(maps.dtype)
    step = max(1, CHUNK // (height * width))
    parts = []
    for i in range(0, len(boxes), step):
        rows = maps[image[i : i + step]] @ along_x[i : i + step, :, None]
        parts.append(torch.linalg.vecdot(rows[..., 0], along_y[i : i + step]))
    integrals = torch.cat(parts) if parts else maps.new_zeros(0)
    size = window[image, 2:] - window[image, :2]
    return integrals * size.prod(-1).to(maps.dtype)


def box_means(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> Tensor:
    """Return the mean of the map inside each box (N,), which is the importance of the paper.

    A box without area takes the map's value at its place.
    """
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = ((boxes[:, 2:] - boxes[:, :2]) / 2).clamp(min=5e-5)
    widened = torch.cat([middle - half, middle + half], -1).clamp(0, 1)
    size = (widened[:, 2:] - widened[:, :2]).double().prod(-1)
    means = box_integrals(maps, window, widened, image) / size.to(maps.dtype)
    return means.clamp(0, 1)
