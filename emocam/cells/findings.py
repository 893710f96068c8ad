"""The findings of a run: under each label one object, by one rule and two numbers.

The terminal and summary.json name the object that counts most often in the label's images, whatever it
does elsewhere. The page names the one that counts more often there than in all other images, beyond
chance where that was tested.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emocam.results.run import Matrix
from emocam.results.summary import Finding

FEW_IMAGES = 30
"""With fewer images a percentage is uncertain by more than 15 points."""


@dataclass(frozen=True)
class StandOut:
    """An object and a label that stand out: percent of the label's images, and of all others."""

    object: int
    label: int
    count: int
    images: int
    percent: float
    elsewhere: float


def strongest_cells(value: NDArray[np.floating], counts: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """Yield for each label the object with the highest value (O, L), and the label, if the cell counts at all.

    NaN is no value: that of a label without images, or of a cell that is not asked.
    """
    for label in range(value.shape[1]):
        if np.isnan(value[:, label]).all():
            continue
        object = int(np.nanargmax(value[:, label]))
        if counts[object, label]:
            yield object, label


def most_counted(
    percent: np.ndarray,
    counts: np.ndarray,
    objects: list[str],
    labels: list[str],
    roles: Mapping[tuple[str, str], str],
    rank: np.ndarray | None = None,
) -> list[Finding]:
    """Return for each label with images the object with the highest percentage, if any counts at all.

    percent, counts (O, L), and by default percent is the `rank`. Where there are `roles`, by object and
    label, a cell without one has the role "no".
    """
    findings: list[Finding] = []
    for object, label in strongest_cells(percent if rank is None else rank, counts):
        finding = Finding(
            object=objects[object],
            label=labels[label],
            percent=round(float(percent[object, label]), 1),
            count=int(counts[object, label]),
        )
        if roles:
            finding["role"] = roles.get((objects[object], labels[label]), "no")
        findings.append(finding)
    return findings


def contrast(matrix: Matrix) -> NDArray[np.float64]:
    """Return the percentage of the label's images less that of all other images (O, L)."""
    others = matrix.images.sum() - matrix.images
    counts_elsewhere = matrix.counts.sum(1, keepdims=True) - matrix.counts
    elsewhere = 100 * counts_elsewhere / np.where(others > 0, others, np.nan)
    return matrix.percent - np.nan_to_num(elsewhere)


def standing_out(
    matrix: Matrix, most: int = 6, beyond_chance: NDArray[np.bool_] | None = None
) -> list[StandOut]:
    """Return for each label the object with the highest contrast; the most certain labels first.

    Where any cell is `beyond_chance` (O, L), only those are looked at.
    """
    difference = contrast(matrix)
    if beyond_chance is not None and beyond_chance.any():
        difference = np.where(beyond_chance, difference, np.nan)
    findings = []
    for object, label in strongest_cells(difference, matrix.counts):
        if difference[object, label] > 0:
            percent = float(matrix.percent[object, label])
            elsewhere = percent - float(difference[object, label])
            count, images = int(matrix.counts[object, label]), int(matrix.images[label])
            findings.append(StandOut(object, label, count, images, percent, elsewhere))
    return sorted(findings, key=lambda c: (c.images < FEW_IMAGES, c.elsewhere - c.percent))[:most]
