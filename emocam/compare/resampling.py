"""The matrices of several runs over resamples of their images, from which every interval here comes."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from emocam.cells.occurrences import LEFT_OUT, Occurrences, Places
from emocam.functional.statistics.bootstrap import resampled_counts
from emocam.functional.statistics.similarity import spearman
from emocam.results.files import PREDICTIONS
from emocam.results.parquet_file import read_parquet
from emocam.results.run import Run

MOST, LEAST = 500, 100
WORK = 2 * 10**8
"""The most cells counted and ranked in all, which takes about half a minute."""


@dataclass(frozen=True)
class Resampled:
    """The similarity (R, M, M) of M runs over R resamples, and the percentages (R, M, A) of A of their cells.

    `active` (A,) are the flat indices of these cells in the matrix: those in which any run counts.
    """

    similarity: NDArray[np.float64]
    percent: NDArray[np.float32]
    active: NDArray[np.integer]


def same_images(runs: list[Run]) -> bool:
    """Return whether all runs explained the same pictures in the same order, so that they are paired."""
    first, *others = (read_parquet(run.file(PREDICTIONS), columns=["image"])["image"] for run in runs)
    return all(first.equals(other) for other in others)


def resample(
    occurrences: list[Occurrences], shape: tuple[int, int], seed: int = 0, unit: Places | None = None
) -> Resampled:
    """Resample the same images for all runs. A label that a resample lacks has percentage NaN.

    Images of one `unit` (I,) are drawn together.
    """
    objects, labels = shape
    runs = len(occurrences)
    cells = objects * labels
    rows = [_rows(of_run, shape) for of_run in occurrences]
    # the runs' cells and labels stand one after the other in one long row
    cell = np.concatenate([of_run.cell + m * (cells + labels) for m, of_run in enumerate(rows)])
    image = np.concatenate([of_run.image for of_run in rows])
    images = len(occurrences[0].label)
    if unit is not None:
        drawn_together = np.unique(unit, return_inverse=True)[1]
        image = drawn_together[image]
        images = int(drawn_together.max(initial=-1)) + 1
    counted = np.bincount(cell, minlength=runs * (cells + labels)).reshape(runs, -1)[:, :cells]
    active = np.flatnonzero(counted.any(0))
    resamples = max(LEAST, min(MOST, WORK // max(1, runs * cells, len(cell) // 20)))
    similarity, percent = [], []
    for part in resampled_counts(cell, image, images, runs * (cells + labels), resamples, seed):
        drawn = part.reshape(len(part), runs, cells + labels)
        kept = drawn[..., :cells]
        images_of_label = drawn[..., cells:]
        similarity.append(spearman(torch.from_numpy(kept.copy()).reshape(len(part), runs, objects, labels)))
        images_of_label = np.where(images_of_label > 0, images_of_label, np.nan).astype(np.float32)
        percent.append(100 * kept[..., active] / images_of_label[..., active % labels])
    return Resampled(torch.cat(similarity).numpy(), np.concatenate(percent), active)


@dataclass(frozen=True)
class _Counts:
    """What is counted (K,) of which image (K,): a cell in which it counts, or after all cells its label."""

    cell: NDArray[np.integer]
    image: NDArray[np.integer]


def _rows(occurrences: Occurrences, shape: tuple[int, int]) -> _Counts:
    """Return the cells of each image, and its label."""
    objects, labels = shape
    sure = np.flatnonzero(occurrences.label != LEFT_OUT)
    pairs = occurrences.kept & (occurrences.label[occurrences.image] != LEFT_OUT)
    image = occurrences.image[pairs]
    cell = occurrences.object[pairs].astype(np.int64) * labels + occurrences.label[image]
    label = objects * labels + occurrences.label[sure]
    return _Counts(np.concatenate([cell, label]), np.concatenate([image, sure]))


def similarity_interval(
    similarity: NDArray[np.float64], resampled: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both ends (M, M) of the 95 % interval of R (M, M), from resamples (R, M, M).

    Fisher's z has the same spread for any R. It is R's spread over the resamples times z's slope at their
    mean, since the z of a resample with R = 1 would be infinite. Resampled matrices share their doubled
    images, which makes them more similar than matrices of new images, so only their spread is used and
    not their mean.
    """
    highest = 1 - 1e-12  # of a run with itself z is infinite
    z = np.arctanh(np.clip(similarity, -highest, highest))
    slope = 1 / (1 - np.clip(resampled.mean(0), -highest, highest) ** 2)
    spread = slope * resampled.std(0, ddof=1)
    return np.tanh(z - 1.96 * spread), np.tanh(z + 1.96 * spread)
