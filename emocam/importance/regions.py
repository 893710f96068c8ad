"""The parts of every weight of a region: its mean, its area, and the picture's own mean."""

import torch
from torch import Tensor

from emocam.functional.box.boxes import area
from emocam.functional.map.chance import Chance, box_chance
from emocam.functional.map.chance_masks import mask_chance
from emocam.functional.map.maps import box_integrals, box_means
from emocam.functional.map.masks import mask_means
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation


def region_means(explanation: Explanation, detections: Detections) -> Tensor:
    """Return the map's mean inside each box (N,), or inside its mask, where the detector gives masks."""
    seen = explanation.maps, explanation.window, detections.boxes
    if detections.masks is not None:
        return mask_means(*seen, detections.masks, detections.image)
    return box_means(*seen, detections.image)


def region_chance(explanation: Explanation, detections: Detections) -> Chance:
    """Return how often each box (N,), or mask, elsewhere in the map has a mean as high."""
    seen = explanation.maps, explanation.window, detections.boxes
    if detections.masks is not None:
        return mask_chance(*seen, detections.masks, detections.image)
    return box_chance(*seen, detections.image)


def region_areas(detections: Detections) -> Tensor:
    """Return the share of the picture (N,) that each box, or its mask, covers; an empty mask is its box."""
    areas = area(detections.boxes)
    if detections.masks is None:
        return areas
    share = detections.masks.to(areas.dtype).mean((-2, -1))
    return areas * torch.where(share > 0, share, 1)


def picture_means(explanation: Explanation) -> Tensor:
    """Return the map's mean over the whole picture (B,), 0 where the classifier did not look."""
    maps = explanation.maps
    window = explanation.window
    image = torch.arange(len(maps), device=maps.device)
    return box_integrals(
        maps,
        window,
        torch.tensor(WHOLE, dtype=window.dtype).to(window.device, non_blocking=True).expand(len(maps), 4),
        image,
    )


def share_of_regions(part: Tensor, other: Tensor) -> Tensor:
    """Return part / (part + other): 0 where both are 0."""
    total = part + other
    return torch.where(total > 0, part / torch.where(total > 0, total, 1), 0)
