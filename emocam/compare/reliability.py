"""The similarity of a run's matrix to itself on other images."""

import torch

from emocam.functional.statistics.split_half import split_half
from emocam.records.thresholds import Thresholds
from emocam.results.run import Run


def split_half_reliability(run: Run, thresholds: Thresholds) -> float:
    """Return the split-half reliability of the counts. Runs that share their images can be more alike than this."""
    objects = len(run.object_names)
    labels = len(run.label_names)
    cells, places = [], []
    images = 0
    for block in run.tensors():
        confidence = block["confidence"][block["image"]]
        kept = thresholds.kept(
            block["score"], confidence, block["importance"], block.get("chance"), run.explained
        )
        pairs = torch.unique(block["image"][kept] * objects + block["object"][kept])
        cells.append(pairs % objects * labels + block["label"][pairs // objects])
        places.append(images + pairs // objects)
        images += len(block["label"])
    return split_half(torch.cat(cells), torch.cat(places), images, objects * labels)
