"""Objects in images, against the run's own matrix."""

import numpy as np
import pytest

from emocam.cells.occurrences import read_occurrences
from emocam.records.thresholds import Thresholds


@pytest.mark.parametrize("thresholds", [Thresholds(), Thresholds(0.005, 0.7, 0.6)])
def test_counts_are_those_of_the_matrix(finished_run, thresholds) -> None:
    run = finished_run("gradcam", np.random.default_rng(0).random((60, 4)))
    occurrences = read_occurrences(run, thresholds)
    found, matrix = occurrences.count(occurrences.label, 3), run.counts(thresholds)
    for name, expected in (("images", matrix.images), ("present", matrix.present), ("kept", matrix.counts)):
        assert (getattr(found, name) == expected.numpy()).all()


def test_any_labels_can_be_counted_by(finished_run) -> None:
    run = finished_run("gradcam", np.random.default_rng(0).random((60, 4)))
    found = read_occurrences(run, Thresholds()).count(np.where(np.arange(60) < 50, 0, -1), 2)
    assert found.images.tolist() == [50, 0]
    rows = run.evidence[run.evidence["image"] < "050.png"]
    for i, name in enumerate(run.object_names):
        own = rows[rows["object"] == name]
        assert found.present[i].tolist() == [own["image"].nunique(), 0]
        assert found.kept[i].tolist() == [own[own["importance"] > 0.3]["image"].nunique(), 0]


def test_without_a_cam_what_is_present_counts(finished_run) -> None:
    occurrences = read_occurrences(finished_run("presence"), Thresholds())
    assert occurrences.kept.all() and len(occurrences.kept)
