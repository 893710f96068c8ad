"""All pairs of thresholds in one pass give what one pass for each pair gives."""

import numpy as np
import pandas as pd
import pytest
import torch

from emocam.functional.statistics.threshold_grid import count_grid
from emocam.metric.association import AssociationMatrix
from emocam.records.thresholds import Thresholds


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_grid_equals_a_matrix_for_each_pair(kind: type) -> None:
    random = np.random.default_rng(0)
    images, regions, objects, labels = 40, 300, 6, 3
    label, image = random.integers(0, labels, images), np.sort(random.integers(0, images, regions))
    object = random.integers(0, objects, regions)
    # rounded, so that some lie exactly on a threshold, as they are stored
    score, importance = random.random((2, regions)).round(1).astype(kind)
    scores, importances = np.array([0.0, 0.3, 0.7]), np.array([0.1, 0.2, 0.5, 0.9])
    grid = count_grid(label, object, image, score, importance, scores, importances, (objects, labels))
    for s, lowest in enumerate(scores):
        for t, threshold in enumerate(importances):
            matrix = AssociationMatrix(objects, labels, Thresholds(lowest, threshold))
            tensors = [torch.from_numpy(x) for x in (object, image, score, importance)]
            matrix.update(torch.from_numpy(label), torch.ones(images), *tensors)
            np.testing.assert_array_equal(grid[s, t], matrix.compute().counts.numpy())


def test_two_regions_do_not_share_the_credit() -> None:
    """One region scores high, another weighs much: the class counts at neither pair of high thresholds."""
    grid = count_grid(
        label=np.array([0]),
        object=np.array([0, 0]),
        image=np.array([0, 0]),
        score=np.array([0.9, 0.1]),
        importance=np.array([0.1, 0.9]),
        scores=np.array([0.0, 0.5]),
        importances=np.array([0.0, 0.5]),
        shape=(1, 1),
    )
    assert grid[:, :, 0, 0].tolist() == [[1, 1], [1, 0]]


def test_no_region_gives_no_count() -> None:
    nothing, none = np.zeros(0, np.int64), np.zeros(0)
    assert count_grid(nothing, nothing, nothing, none, none, np.ones(2), np.ones(3), (4, 5)).shape == (
        2,
        3,
        4,
        5,
    )


def test_pairs_equal_a_groupby_of_pandas() -> None:
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "image": np.repeat(np.arange(50), 8),
            "object": random.integers(0, 4, 400),
            "score": random.random(400),
            "importance": random.random(400),
        }
    )
    grid = count_grid(
        np.zeros(50, np.int64), *(table[c].to_numpy() for c in ("object", "image", "score", "importance")),
        np.array([0.4]), np.array([0.6]), (4, 1),
    )  # fmt: skip
    kept = table[(table["score"] > 0.4) & (table["importance"] > 0.6)]
    expected = kept.groupby("object")["image"].nunique().reindex(range(4), fill_value=0)
    assert grid[0, 0, :, 0].tolist() == expected.tolist()


@pytest.mark.parametrize(("objects", "labels", "levels"), [(8, 2, 8), (7, 3, 15), (1, 1, 1), (3, 4, 16)])
def test_every_pair_of_thresholds_counts_pictures_one_by_one(objects: int, labels: int, levels: int) -> None:
    """Numbers of objects and thresholds that fill their bits, and those that do not; regions in any order."""
    dice = np.random.default_rng(levels)
    label = dice.integers(0, labels, 9)
    image, object = dice.integers(0, 9, 120), dice.integers(0, objects, 120)
    score, importance = dice.integers(0, levels + 2, (2, 120)).astype(np.float32) / 32
    scores = np.arange(levels) / 32
    importances = np.arange(levels + 3) / 32
    found = count_grid(label, object, image, score, importance, scores, importances, (objects, labels))
    expected = np.zeros(found.shape, int)
    for s, t in np.ndindex(found.shape[:2]):
        passed = {
            (i, o)
            for i, o, a, b in zip(image.tolist(), object.tolist(), score, importance, strict=True)
            if a > scores[s] and b > importances[t]
        }
        for i, o in passed:
            expected[s, t, o, label[i]] += 1
    assert found.shape == (levels, levels + 3, objects, labels) and found.tolist() == expected.tolist()
