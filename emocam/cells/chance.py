"""How often an object would count if boxes of its regions' sizes lay anywhere in the same maps."""

from collections.abc import Iterator
from itertools import repeat

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from torch import Tensor

from emocam.functional.chance import pass_rates
from emocam.runs import Run, codes
from emocam.store import corners
from emocam.structures import Thresholds


def chances(run: Run, thresholds: Thresholds) -> np.ndarray:
    """Over the images of a label with an object the mean chance that any of its regions counts: (O, L).

    A region's chance is the share of same-size boxes of its map whose mean is above the threshold;
    `threshold.chance`, where it decides, is that share by its meaning. NaN where an object never is.
    """
    objects, labels = len(run.object_names), len(run.label_names)
    total, images = torch.zeros(2, objects * labels, dtype=torch.float64)
    for label, object, image, rate in _regions(run, thresholds):
        pairs, of = torch.unique(image * objects + object, return_inverse=True)
        missed = torch.ones(len(pairs), dtype=torch.float64)
        missed.scatter_reduce_(0, of, 1 - rate.double(), "prod")
        cell = pairs % objects * labels + label[pairs // objects]
        total.index_add_(0, cell, 1 - missed)
        images.index_add_(0, cell, torch.ones_like(missed))
    return (total / images).reshape(objects, labels).numpy()


def _regions(run: Run, thresholds: Thresholds) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Block by block label (B,); of regions that are present object, image and rate (N,)."""
    maps = run.explanations() if thresholds.chance is None else repeat(None)
    for (images, regions), seen in zip(run.blocks(), maps, strict=thresholds.chance is None):
        regions = regions.filter(_present(regions, thresholds))
        place = pd.Index(images["image"].to_pandas()).get_indexer(regions["image"].to_pandas())
        image = torch.from_numpy(place.astype(np.int64))
        if seen is None:
            rate = torch.full((len(regions),), thresholds.chance or 0.0)
        else:
            rate = pass_rates(*seen, torch.from_numpy(corners(regions)), image, thresholds.importance)
        label = codes(images, "label", run.label_names)
        yield label, codes(regions, "object", run.object_names), image, rate


def _present(regions: pa.Table, thresholds: Thresholds) -> np.ndarray:
    """Regions that count but for what a map says of them (N,)."""
    score, confidence = regions["score"].to_numpy(), regions["confidence"].to_numpy()
    return (score > np.float32(thresholds.score)) & (confidence > np.float32(thresholds.confidence))
