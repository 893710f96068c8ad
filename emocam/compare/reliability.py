"""The similarity of a run's matrix to itself on other images."""

import numpy as np
import torch

from emocam.cells.dependence import read_dependence
from emocam.functional.statistics.split_half import split_half
from emocam.records.thresholds import Thresholds
from emocam.results.run import Run


def split_half_reliability(run: Run, thresholds: Thresholds) -> float:
    """Return the split-half reliability of the counts; halves part no group, and no block of time.

    Runs that share their images can be more alike than this.
    """
    objects = len(run.object_names)
    labels = len(run.label_names)
    cells, places, answers = [], [], []
    images = 0
    for block in run.tensors():
        confidence = block["confidence"][block["image"]]
        kept = thresholds.kept(
            block["score"], confidence, block["importance"], block.get("chance"), run.explained
        )
        pairs = torch.unique(block["image"][kept] * objects + block["object"][kept])
        cells.append(pairs % objects * labels + block["label"][pairs // objects])
        places.append(images + pairs // objects)
        answers.append(block["label"].numpy())
        images += len(block["label"])
    label = np.concatenate(answers) if answers else np.zeros(0, np.int64)
    unit = torch.from_numpy(np.unique(read_dependence(run).units(label), return_inverse=True)[1])
    units = int(unit.max()) + 1 if images else 0
    return split_half(torch.cat(cells), unit[torch.cat(places)], units, objects * labels)
