"""The ceiling counts exactly what the matrix counts."""

import numpy as np
import torch

from emocam.cells.dependence import Dependence
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


def test_halves_part_no_copies_and_no_block_of_time(finished_run, monkeypatch):
    """By twos, pictures are one; a film that is one group by itself is parted into its minutes."""
    run = finished_run("a", np.random.default_rng(0).random((60, 4)))
    seen = {}

    def listen(cell, image, images, cells):
        seen.update(image=image, images=images)
        return 0.5

    monkeypatch.setattr(module, "split_half", listen)
    pictures = torch.cat([block["image"] for block in run.tensors()])
    monkeypatch.setattr(module, "read_dependence", lambda run: Dependence(np.arange(60) // 2))
    split_half_reliability(run, Thresholds(importance=0, score=0))
    assert seen["images"] == 30 and set(seen["image"].tolist()) <= set((pictures // 2).tolist())
    film = Dependence(np.zeros(60, int), 60.0 * np.arange(60))
    monkeypatch.setattr(module, "read_dependence", lambda run: film)
    split_half_reliability(run, Thresholds(importance=0, score=0))
    assert 12 <= seen["images"] <= 60
