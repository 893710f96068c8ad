"""The ceiling counts exactly what the matrix counts."""

import numpy as np
import torch

from emocam.compare import reliability as module
from emocam.compare.reliability import split_half_reliability
from emocam.records.thresholds import Thresholds


def test_what_is_halved_is_what_the_matrix_counts(finished_run, monkeypatch):
    run = finished_run("a", np.random.default_rng(0).random((60, 4)))
    seen = {}

    def listen(cell, image, images, cells):
        seen.update(counts=torch.bincount(cell, minlength=cells), image=image, images=images)
        return 0.5

    monkeypatch.setattr(module, "split_half", listen)
    for thresholds in (Thresholds(importance=0.4, confidence=0.5), Thresholds(chance=0.2)):
        assert split_half_reliability(run, thresholds) == 0.5
        assert torch.equal(seen["counts"], run.counts(thresholds).counts.flatten())
    assert seen["images"] == 60 and seen["image"].max() < 60


def test_a_run_without_a_method_counts_what_is_present(finished_run):
    assert -1 < split_half_reliability(finished_run("a"), Thresholds()) <= 1
