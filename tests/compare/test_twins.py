"""Methods that are one on a network are named, others are not."""

import json

import numpy as np
import pytest

from emocam.compare.regions import read_regions
from emocam.compare.twins import find_twins


@pytest.fixture
def importance() -> np.ndarray:
    return np.random.default_rng(0).random((60, 4))


def found(*runs):
    return find_twins(list(runs), [read_regions(run) for run in runs], [run.path.name for run in runs])


def test_methods_that_agree_in_every_region_are_one(finished_run, importance):
    noise = np.random.default_rng(1).uniform(-4e-7, 4e-7, importance.shape)
    (group,) = found(
        finished_run("gradcam", importance),
        finished_run("lime", importance[::-1].copy()),
        finished_run("hirescam", importance + noise),
        finished_run("xgradcam", importance),
    )
    assert group.names == ("gradcam", "hirescam", "xgradcam")
    assert 1e-7 < group.difference < 1e-6
    assert group.sentence.startswith(
        "gradcam, hirescam and xgradcam gave the same importance to every region"
    )


def test_one_region_of_many_is_enough_to_tell_them_apart(finished_run, importance):
    other = importance.copy()
    other[30, 2] += 1e-3
    assert not found(finished_run("a", importance), finished_run("b", other))


def test_runs_without_a_method_or_with_flat_maps_prove_nothing(finished_run):
    assert not found(finished_run("a"), finished_run("b"))
    assert not found(finished_run("c", 0.0), finished_run("d", 0.0))


def test_the_same_method_at_other_thresholds_is_no_twin(finished_run, importance):
    one, other = finished_run("a", importance), finished_run("b", importance)
    changed = {**other.summary, "choices": {**other.summary["choices"], "cam": "a"}}
    (other.path / "summary.json").write_text(json.dumps(changed))
    assert not found(one, other)
