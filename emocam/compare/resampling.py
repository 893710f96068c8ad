"""The matrices of several runs when their images are drawn anew: what every interval here comes from."""

from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from emocam.cells.occurrences import LEFT_OUT, Occurrences
from emocam.functional.statistics.bootstrap import resampled_counts
from emocam.functional.statistics.similarity import spearman
from emocam.results.run import Run

MOST, LEAST = 500, 100
WORK = 2 * 10**8
"""Cells counted and ranked in all: about half a minute."""


@dataclass(frozen=True)
class Resampled:
    """Of R resamples the similarity (R, M, M) of M runs, and the percentages (R, M, A) of A cells of theirs.

    `active` (A,) are the places of these cells in the matrix, flattened: those in which any run counts.
    """

    similarity: NDArray[np.float64]
    percent: NDArray[np.float32]
    active: NDArray[np.integer]


def same_images(runs: list[Run]) -> bool:
    """Whether all runs explained the same pictures in the same order, so that they are paired."""
    first, *others = (
        pq.read_table(run.path / "predictions.parquet", columns=["image"])["image"] for run in runs
    )
    return all(first.equals(other) for other in others)


def resample(found: list[Occurrences], shape: tuple[int, int], seed: int = 0) -> Resampled:
    """The same images are drawn for all runs. A label that a resample lacks has percentage NaN."""
    objects, labels = shape
    runs, cells = len(found), objects * labels
    rows = [_rows(occurrences, shape) for occurrences in found]
    cell = np.concatenate([place + m * (cells + labels) for m, (place, _) in enumerate(rows)])
    image = np.concatenate([of for _, of in rows])
    images = len(found[0].label)
    counted = np.bincount(cell, minlength=runs * (cells + labels)).reshape(runs, -1)[:, :cells]
    active = np.flatnonzero(counted.any(0))
    resamples = max(LEAST, min(MOST, WORK // max(1, runs * cells, len(cell) // 20)))
    similarity, percent = [], []
    for part in resampled_counts(cell, image, images, runs * (cells + labels), resamples, seed):
        drawn = part.reshape(len(part), runs, cells + labels)
        kept, of = drawn[..., :cells], drawn[..., cells:]
        similarity.append(spearman(torch.from_numpy(kept.copy()).reshape(len(part), runs, objects, labels)))
        of = np.where(of > 0, of, np.nan).astype(np.float32)
        percent.append(100 * kept[..., active] / of[..., active % labels])
    return Resampled(torch.cat(similarity).numpy(), np.concatenate(percent), active)


def _rows(found: Occurrences, shape: tuple[int, int]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """What is counted of which image: cells in which it counts, and after all cells its label."""
    objects, labels = shape
    sure = np.flatnonzero(found.label != LEFT_OUT)
    pairs = found.kept & (found.label[found.image] != LEFT_OUT)
    of = found.image[pairs]
    cell = found.object[pairs].astype(np.int64) * labels + found.label[of]
    return np.concatenate([cell, objects * labels + found.label[sure]]), np.concatenate([of, sure])


def similarity_interval(
    found: NDArray[np.float64], resampled: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends (M, M) of the 95 % interval of R (M, M), from resamples (R, M, M).

    Fisher's z spreads evenly: by R's spread over the resamples times z's slope at their mean, since the z
    of a resample that is perfectly alike would be infinite. Resampled matrices share their doubled
    images, which makes them more alike than new ones would be, so their spread is taken and not their
    middle.
    """
    highest = 1 - 1e-12  # of a run with itself z is infinite
    z = np.arctanh(np.clip(found, -highest, highest))
    slope = 1 / (1 - np.clip(resampled.mean(0), -highest, highest) ** 2)
    spread = slope * resampled.std(0, ddof=1)
    return np.tanh(z - 1.96 * spread), np.tanh(z + 1.96 * spread)
