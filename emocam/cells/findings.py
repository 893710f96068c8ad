"""The findings of a run: under each label one object, by one rule and two numbers.

The terminal and summary.json name the object that counts most often in the label's images, whatever it
does elsewhere. The page names the one that surely counts more often there than in all other images, beyond
chance where that was tested. Of labels with few images neither says anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emocam.functional.statistics.wilson import wilson
from emocam.results.run import Matrix
from emocam.results.summary import Finding
from emocam.results.support import ENOUGH

FEW_IMAGES = 30
"""With fewer images a percentage is uncertain by more than 15 points."""
ON_PAGE = 10
"""The most findings of a page."""


@dataclass(frozen=True)
class StandOut:
    """An object and a label that stand out: the count among the label's images, and among all `others`."""

    object: int
    label: int
    count: int
    images: int
    count_elsewhere: int
    others: int

    @property
    def percent(self) -> float:
        """The percentage of the label's images."""
        return 100 * self.count / self.images

    @property
    def elsewhere(self) -> float:
        """The percentage of all other images."""
        return 100 * self.count_elsewhere / self.others if self.others else 0.0


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
    images: np.ndarray,
    objects: list[str],
    labels: list[str],
    roles: Mapping[tuple[str, str], str],
    rank: np.ndarray | None = None,
) -> list[Finding]:
    """Return for each label with images the object with the highest percentage, if any counts at all.

    percent, counts (O, L), images (L,), and by default percent is the `rank`. Where there are `roles`, by object and
    label, a cell without one has the role "no".
    """
    findings: list[Finding] = []
    for object, label in strongest_cells(percent if rank is None else rank, counts):
        finding = Finding(
            object=objects[object],
            label=labels[label],
            percent=round(float(percent[object, label]), 1),
            count=int(counts[object, label]),
            images=int(images[label]),
        )
        if roles:
            finding["role"] = roles.get((objects[object], labels[label]), "no")
        findings.append(finding)
    return findings


def least_contrast(matrix: Matrix) -> NDArray[np.float64]:
    """Return the lower end of the interval of the label's percentage less that of all other images (O, L).

    It is Newcombe's interval of a difference of two shares, 95 %, from both shares' own (1998, method 10). The largest
    of many differences is large by luck, most of all that of few images; its lower end is not.
    """
    counts, images = matrix.counts, np.broadcast_to(matrix.images, matrix.counts.shape)
    others = images.sum(1, keepdims=True) - images
    elsewhere = counts.sum(1, keepdims=True) - counts
    low, _ = wilson(counts, images)
    _, high = wilson(elsewhere, others)
    share = counts / np.where(images > 0, images, np.nan)
    share_elsewhere = elsewhere / np.maximum(others, 1)
    room = np.where(others > 0, high - share_elsewhere, 0.0)
    return 100 * (share - share_elsewhere - np.hypot(share - low, room))


def standing_out(
    matrix: Matrix, most: int = ON_PAGE, beyond_chance: NDArray[np.bool_] | None = None
) -> list[StandOut]:
    """Return for each label with enough images the object that stands out most surely; the surest labels first.

    Where any cell is `beyond_chance` (O, L), only those are looked at.
    """
    surely = np.where(matrix.images >= ENOUGH, least_contrast(matrix), np.nan)
    if beyond_chance is not None and beyond_chance.any():
        surely = np.where(beyond_chance, surely, np.nan)
    images, counts = matrix.images, matrix.counts
    findings = []
    for object, label in strongest_cells(surely, counts):
        count, rest = int(counts[object, label]), int(counts[object].sum() - counts[object, label])
        found = StandOut(object, label, count, int(images[label]), rest, int(images.sum() - images[label]))
        if found.percent > found.elsewhere:
            findings.append(found)
    return sorted(findings, key=lambda found: -surely[found.object, found.label])[:most]
