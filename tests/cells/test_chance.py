"""The level of chance of a cell, one image after the other."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from emocam.cells import chance as chance_module
from emocam.cells.chance import _Block, chances
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


@pytest.mark.parametrize("counted", [False, True])
def test_pictures_of_every_block_are_those_that_are_counted(
    monkeypatch: pytest.MonkeyPatch, counted: bool
) -> None:
    draw = np.random.default_rng(0)
    blocks, rows, first = [], [], 0
    for pictures in (4, 3, 6):
        label = draw.integers(0, 2, pictures)
        image, object, rate = draw.integers(0, pictures, 15), draw.integers(0, 3, 15), draw.random(15)
        rows += [(first + i, label[i], o, r) for i, o, r in zip(image, object, rate, strict=True)]
        blocks.append(_Block(*(torch.from_numpy(part) for part in (label, object, image, rate))))
        first += pictures
    monkeypatch.setattr(chance_module, "_regions", lambda run, thresholds: iter(blocks))
    run: Any = SimpleNamespace(object_names=list("xyz"), label_names=list("ab"))
    asked = draw.random(13) < 0.6
    found = chances(run, Thresholds(), asked) if counted else chances(run, Thresholds())
    for o, k in np.ndindex(3, 2):
        missed: dict[int, float] = {}
        for image, label, object, rate in rows:
            if (object, label) == (o, k) and (asked[image] or not counted):
                missed[image] = missed.get(image, 1.0) * (1 - rate)
        wanted = np.mean([1 - share for share in missed.values()]) if missed else np.nan
        assert found[o, k] == pytest.approx(wanted, nan_ok=True)
