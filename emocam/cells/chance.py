"""How often an object would count if boxes of its regions' sizes lay anywhere in the same maps."""

from collections.abc import Iterator
from itertools import repeat

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from emocam.functional.map.chance import pass_rates
from emocam.functional.map.chance_masks import mask_pass_rates
from emocam.functional.map.maps import box_means
from emocam.functional.map.masks import mask_means
from emocam.records.thresholds import Thresholds
from emocam.results.files import LABELLED
from emocam.results.run import Run, encode_names, image_rows, read_boxes, read_masks

SAME = 0.01
"""Means that differ by less are the same but for rounding on another device."""


def chances(run: Run, thresholds: Thresholds) -> np.ndarray:
    """Over the images of a label with an object the mean chance that any of its regions counts: (O, L).

    A region's chance is the share of same-size boxes of its map whose mean is above the threshold;
    `threshold.chance`, where it decides, is that share by its meaning. NaN where an object never is,
    and everywhere if importance is not the map's mean in the region: without a CAM and under another
    importance. Of masks it is the share of places of the shape; evidence that has no masks, though its
    importance is that of masks, has no level either.
    """
    objects, labels = len(run.object_names), len(run.label_names)
    total, images = torch.zeros(2, objects * labels, dtype=torch.float64)
    for label, object, image, rate in _regions(run, thresholds):
        if rate is None:
            return np.full((objects, labels), np.nan)
        pairs, of = torch.unique(image * objects + object, return_inverse=True)
        missed = torch.ones(len(pairs), dtype=torch.float64)
        missed.scatter_reduce_(0, of, 1 - rate.double(), "prod")
        cell = pairs % objects * labels + label[pairs // objects]
        total.index_add_(0, cell, 1 - missed)
        images.index_add_(0, cell, torch.ones_like(missed))
    return (total / images).reshape(objects, labels).numpy()


def _regions(run: Run, thresholds: Thresholds) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
    """Block by block label (B,); of regions that are present object, image and rate (N,)."""
    maps = run.explanations() if thresholds.chance is None else repeat(None)
    for (images, regions), seen in zip(run.blocks(LABELLED), maps, strict=False):
        numbers = (regions[name].to_numpy() for name in ("score", "confidence"))
        regions = regions.filter(thresholds.present(*numbers))
        image = torch.from_numpy(image_rows(regions, images))
        rate: Tensor | None = torch.full((len(regions),), thresholds.chance or 0.0)
        if seen is not None:
            rate = _rates(regions, image, *seen, thresholds.importance)
        label = torch.from_numpy(encode_names(images, "label", run.label_names))
        object = torch.from_numpy(encode_names(regions, "object", run.object_names))
        yield label, object, image, rate


def _rates(regions: pa.Table, image: Tensor, maps: Tensor, window: Tensor, least: float) -> Tensor | None:
    """Return each region's rate; None if importance is something else than the map's mean in it."""
    boxes, importance = torch.from_numpy(read_boxes(regions)), regions["importance"].to_numpy()
    stored = read_masks(regions)
    if stored is not None:
        masks = torch.from_numpy(stored)
        means = mask_means(maps, window, boxes, masks, image).numpy()
        if np.allclose(importance, means, atol=SAME):
            return mask_pass_rates(maps, window, boxes, masks, image, least)
        return None
    means = box_means(maps, window, boxes, image).numpy()
    return (
        pass_rates(maps, window, boxes, image, least) if np.allclose(importance, means, atol=SAME) else None
    )
