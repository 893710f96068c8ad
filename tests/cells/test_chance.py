"""The level of chance of a cell, one image after the other."""

from collections import defaultdict

import numpy as np
import pytest
import torch

from emocam.cells.chance import chances
from emocam.functional.map.chance import pass_rates
from emocam.records.thresholds import Thresholds
from emocam.results.files import BOX
from emocam.results.run import Run


@pytest.fixture
def run(mean_run) -> Run:
    return mean_run("gradcam")


def slowly(run: Run, threshold: float) -> np.ndarray:
    """Region by region, image by image."""
    maps = torch.cat([maps for maps, _ in run.explanations()])
    images = run.predictions["image"].tolist()
    label = dict(zip(images, run.predictions["label"].astype(str), strict=True))
    missed: dict[tuple[str, str], float] = defaultdict(lambda: 1.0)
    for row in run.evidence.astype({"object": str}).to_dict("records"):
        box = torch.tensor([[row[side] for side in BOX]])
        whole, first = torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([0])
        rate = pass_rates(maps[images.index(row["image"])][None], whole, box, first, threshold)
        missed[row["image"], row["object"]] *= 1 - rate.item()
    found = np.full((len(run.object_names), len(run.label_names)), np.nan)
    for i, thing in enumerate(run.object_names):
        for j, name in enumerate(run.label_names):
            own = [1 - m for (image, o), m in missed.items() if o == thing and label[image] == name]
            found[i, j] = np.mean(own) if own else np.nan
    return found


def test_the_mean_over_images_of_the_chance_that_any_region_counts(run: Run) -> None:
    found = chances(run, Thresholds(importance=0.6))
    assert np.allclose(found, slowly(run, 0.6), atol=1e-6, equal_nan=True)
    assert 0 < np.nanmin(found) < np.nanmax(found) < 1


def test_a_threshold_of_chance_is_its_own_level(run: Run) -> None:
    regions = run.evidence.astype({"object": str, "label": str}).groupby(["label", "image", "object"]).size()
    expected = (1 - 0.95**regions).groupby(["object", "label"]).mean()
    found = chances(run, Thresholds(chance=0.05))
    for (thing, label), level in expected.items():
        place = run.object_names.index(thing), run.label_names.index(label)
        assert found[place] == pytest.approx(level)


def test_regions_and_images_below_their_thresholds_are_not_asked(run: Run) -> None:
    assert np.isnan(chances(run, Thresholds(score=1.0))).all()
    assert np.isnan(chances(run, Thresholds(confidence=1.0))).all()


def test_another_importance_than_the_mean_has_no_level(mean_run) -> None:
    """So have masks, whose mean is not that of their box."""
    run = mean_run("mass", added=0.05)
    assert np.isnan(chances(run, Thresholds())).all()
    assert not np.isnan(chances(run, Thresholds(chance=0.05))).all()


def test_boxes_that_lie_anywhere_count_as_often_as_chance_says(mean_run) -> None:
    found, chance, present = 0.0, 0.0, 0
    for seed in range(4):
        run = mean_run(f"random-{seed}", seed=seed)
        matrix = run.counts(Thresholds(importance=0.5))
        level = np.nan_to_num(chances(run, Thresholds(importance=0.5)))
        found += matrix.counts.sum().item()
        chance += (level * matrix.present.numpy()).sum()
        present += int(matrix.present.sum())
    assert abs(found - chance) < 3 * np.sqrt(present) / 2
