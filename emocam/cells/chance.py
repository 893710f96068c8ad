"""The share of images in which an object would count if its boxes were anywhere in the same maps."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from emocam.functional.map.chance import pass_rates
from emocam.functional.map.chance_masks import mask_pass_rates
from emocam.functional.map.maps import box_means
from emocam.functional.map.masks import mask_means
from emocam.records.thresholds import Thresholds
from emocam.results.files import LABELLED
from emocam.results.run import Run, encode_names, image_rows, read_boxes, read_masks

SAME = 0.01
"""The largest difference of means that are the same but for rounding on another device."""


def chances(run: Run, thresholds: Thresholds, images_counted: NDArray[np.bool_] | None = None) -> np.ndarray:
    """Return the chance that any of an object's regions counts (O, L), the mean over a label's images with it.

    With `images_counted` (I,) only these images of the run are asked.

    A region's chance is the share of same-size boxes of its map whose mean is above the threshold;
    `threshold.chance`, where it decides, is that share by its meaning. NaN where an object never occurs,
    and everywhere if importance is not the map's mean in the region: without a CAM and under another
    importance. For masks it is the share of places of the shape; evidence without masks, though its
    importance is that of masks, has no level either.
    """
    sums = chance_sums(run, thresholds, images_counted)
    if sums is None:
        return np.full((len(run.object_names), len(run.label_names)), np.nan)
    total, images = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        level: np.ndarray = total / images
    return level


def chance_sums(
    run: Run, thresholds: Thresholds, images_counted: NDArray[np.bool_] | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the sum of the chances of all images of a cell, and how many there are (O, L); None without a level."""
    objects, labels = len(run.object_names), len(run.label_names)
    total, images = torch.zeros(2, objects * labels, dtype=torch.float64)
    first = 0
    for block in _regions(run, thresholds):
        if block.rate is None:
            return None
        pairs, pair = torch.unique(block.image * objects + block.object, return_inverse=True)
        missed = torch.ones(len(pairs), dtype=torch.float64)  # no region of the pair counts
        missed.scatter_reduce_(0, pair, 1 - block.rate.double(), "prod")
        if images_counted is not None:
            chosen = torch.from_numpy(images_counted[first : first + len(block.label)])[pairs // objects]
            pairs, missed = pairs[chosen], missed[chosen]
        first += len(block.label)
        cell = pairs % objects * labels + block.label[pairs // objects]
        total.index_add_(0, cell, 1 - missed)
        images.index_add_(0, cell, torch.ones_like(missed))
    return total.reshape(objects, labels).numpy(), images.reshape(objects, labels).numpy()


@dataclass(frozen=True)
class _Block:
    """Images with their label (B,), and regions with their object, image and chance to count, rate (N,).

    rate is None where importance is not the map's mean in the region.
    """

    label: Tensor
    object: Tensor
    image: Tensor
    rate: Tensor | None


def _regions(run: Run, thresholds: Thresholds) -> Iterator[_Block]:
    """Yield block by block the regions that are present, with the labels of the block's images."""
    maps = run.explanations() if thresholds.chance is None else repeat(None)
    for (images, regions), explanation in zip(run.blocks(LABELLED), maps, strict=False):
        numbers = (regions[name].to_numpy() for name in ("score", "confidence"))
        regions = regions.filter(thresholds.present(*numbers))
        image = torch.from_numpy(image_rows(regions, images))
        rate: Tensor | None = torch.full((len(regions),), thresholds.chance or 0.0)
        if explanation is not None:
            rate = _rates(regions, image, *explanation, thresholds.importance)
        label = torch.from_numpy(encode_names(images, "label", run.label_names))
        object = torch.from_numpy(encode_names(regions, "object", run.object_names))
        yield _Block(label, object, image, rate)


def _rates(regions: pa.Table, image: Tensor, maps: Tensor, window: Tensor, least: float) -> Tensor | None:
    """Return the regions' chances (N,), or None if importance is not the map's mean in the region."""
    boxes = torch.from_numpy(read_boxes(regions))
    importance = regions["importance"].to_numpy()
    stored = read_masks(regions)
    if stored is not None:
        masks = torch.from_numpy(stored)
        means = mask_means(maps, window, boxes, masks, image).numpy()
        if not np.allclose(importance, means, atol=SAME):
            return None
        return mask_pass_rates(maps, window, boxes, masks, image, least)
    means = box_means(maps, window, boxes, image).numpy()
    if not np.allclose(importance, means, atol=SAME):
        return None
    return pass_rates(maps, window, boxes, image, least)
