"""Shares of what is not as in the first run."""

import torch

from emocam.compare.changes import cells_changed, labels_changed


def test_cells_that_count_in_either_run_are_asked() -> None:
    kept = torch.tensor([[[2, 0], [0, 1]], [[2, 0], [0, 0]], [[1, 3], [0, 1]]])
    assert torch.allclose(torch.tensor(cells_changed(kept)), torch.tensor([0, 1 / 2, 2 / 3]))
    assert cells_changed(torch.zeros(2, 3, 3)) == [0, 0]


def test_labels_are_compared_picture_by_picture(finished_run) -> None:
    runs = [finished_run(f"run{number}", seed=seed) for number, seed in enumerate((0, 0, 1))]
    one, other = (run.predictions["label"].astype(str) for run in (runs[0], runs[2]))
    assert labels_changed(runs) == [0, 0, float((one != other).mean())]
