"""Tests and intervals of cells whose pictures are not independent: by group, or along time.

The counts of a cell stay as they are. Its tests and intervals go by groups (persons, bursts, patients,
near-duplicates), of which each weighs the same, or by time (films), where labels are moved along it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.cells.occurrences import LEFT_OUT, Occurrences, Places
from emocam.functional.statistics.bootstrap import RESAMPLES, group_lift_intervals
from emocam.functional.statistics.episodes import count_episodes, time_blocks
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.group_association import FEWEST, Grouped, group_association_p
from emocam.functional.statistics.group_intervals import GroupSums, group_wilson
from emocam.functional.statistics.shifts import shift_p
from emocam.functional.statistics.tail_probability import binomial_tail
from emocam.results.files import ASKED, GROUP, PREDICTIONS
from emocam.results.files import TIME as SECOND
from emocam.results.pairs import pictures_as_groups
from emocam.results.parquet_file import count_rows, read_frame, read_schema
from emocam.results.run import Run

Numbers = NDArray[np.float64]
Columns = dict[str, NDArray]
PICTURES, GROUPS, TIME = "pictures", "groups", "time"
"""The values of `p_rule`: what the tests and intervals of a cell take for independent."""
EPISODES = 8
"""The fewest episodes of an object, and of a label, in a film for a p to be given."""
KEYS = ("object", "label", "fill", "image")
MEASURED = ("effect", "effect_control", "flipped", "flipped_control")
"""Columns of effect.parquet that name a trial, and what it measured."""
SECONDS = 60.0
"""The shortest block of time that intervals resample."""


@dataclass(frozen=True)
class Dependence:
    """The group (I,) to which each of I pictures belongs, and its time (I,) in seconds if they have an order."""

    group: Places
    time: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, group: pd.Series | None, time: pd.Series | None, images: int) -> "Dependence":
        """Read the columns of predictions.parquet; without `group` a time is that of a single film.

        A picture without a group is one by itself.
        """
        if group is None:
            code = np.arange(images) if time is None else np.zeros(images, np.int64)
        else:
            code = pd.factorize(group)[0].astype(np.int64)
            alone = code < 0
            code[alone] = code.max(initial=-1) + 1 + np.arange(alone.sum())
        return cls(code, None if time is None else time.to_numpy(float))

    @cached_property
    def rule(self) -> str:
        """What tests go by: PICTURES where each is a group by itself, else GROUPS or TIME."""
        if len(np.unique(self.group)) == len(self.group):
            return PICTURES
        return GROUPS if self.time is None or np.isnan(self.time).any() else TIME

    def units(self, label: Places) -> Places:
        """Return the unit of each picture that intervals resample (I,): groups, or blocks of time.

        A label is on for some seconds and off for others; half the harmonic mean of both is its correlation
        time, and pictures that are twice that apart are independent. Blocks are as long as that.
        """
        if self.rule != TIME:
            return self.group
        assert self.time is not None
        labels = int(label.max(initial=0)) + 1
        sure = np.flatnonzero(label != LEFT_OUT)
        times = count_episodes(self.group, self.time, sure, label[sure], labels)
        step = _step(self.group, self.time)
        often = np.bincount(label[sure], minlength=labels)
        share = often / max(1, len(label))
        with np.errstate(divide="ignore", invalid="ignore"):
            lasting = np.where(times >= EPISODES, 2 * step * often / times * (1 - share), 0)
        longest = max(SECONDS, float(lasting.max(initial=0)))
        return time_blocks(self.group, self.time, min(longest, max(SECONDS, step * len(label) / FEWEST)))


def read_dependence(run: Run) -> Dependence:
    """Return which pictures of a run are not independent, as the columns of its predictions say."""
    file = run.file(PREDICTIONS)
    own = run.names.get(ASKED, [GROUP])[0] is None  # a column of the data that nobody asked to go by
    known = [
        name for name in (GROUP, SECOND) if name in read_schema(file).names and not (own and name == GROUP)
    ]
    if run.many:
        table = run.pictures([*known, "image"])
        group = pictures_as_groups(table["image"], table.get(GROUP))
        return Dependence.of(group, table.get(SECOND), len(table))
    table = read_frame(file, columns=known) if known else pd.DataFrame()
    return Dependence.of(table.get(GROUP), table.get(SECOND), count_rows(file))


def once_each(occurrences: Occurrences, unit: Places) -> Occurrences:
    """Return as many pictures as there are units (I,) under each of their labels, so that copies are one.

    An object is in one where it is in any of its pictures, and counts where it does in half of these.
    """
    sure = occurrences.label != LEFT_OUT
    labels = int(occurrences.label.max(initial=0)) + 1
    key = np.where(sure, unit.astype(np.int64) * labels + occurrences.label, LEFT_OUT)
    found, first = np.unique(key[sure], return_index=True)
    image = np.searchsorted(found, key)
    pairs = sure[occurrences.image]
    pair = image[occurrences.image[pairs]].astype(np.int64) * occurrences.objects + occurrences.object[pairs]
    pair, of, present = np.unique(pair, return_inverse=True, return_counts=True)
    kept = np.bincount(of[occurrences.kept[pairs]], minlength=len(pair))
    return Occurrences(
        occurrences.label[sure][first],
        pair // max(1, occurrences.objects),
        pair % max(1, occurrences.objects),
        2 * kept >= present,
        occurrences.objects,
    )


def worth_of_labels(unit: Places, label: Places, labels: int) -> Numbers:
    """Return the share (L,) of each label's pictures that are worth one alone: 1 where no two share a unit."""
    sure = label != LEFT_OUT
    _, code = np.unique(unit, return_inverse=True)
    key, count = np.unique(code[sure] * labels + label[sure], return_counts=True)
    of = key % max(1, labels)
    images = np.bincount(of, count, labels)
    squares = np.bincount(of, count.astype(float) ** 2, labels)
    return np.asarray(np.where(squares > 0, images / np.maximum(squares, 1), 1.0))


def trials_by_unit(rows: pd.DataFrame, unit: Mapping[str, int] | None) -> pd.DataFrame:
    """Return the rows of effect.parquet with a unit's pictures as one: their means, object by label by fill."""
    if unit is None:
        return rows
    rows = rows.assign(image=rows["image"].astype(str).map(unit).astype(str))
    rows = rows.astype({"flipped": float, "flipped_control": float})
    how = {str(name): "mean" if name in MEASURED else "first" for name in rows if name not in KEYS}
    return rows.groupby(list(KEYS), observed=True, as_index=False).agg(how)


def _step(group: Places, time: NDArray[np.float64]) -> float:
    """Return the median seconds between two successive pictures of a group."""
    order = np.lexsort((time, group))
    apart = np.diff(time[order])[np.diff(group[order]) == 0]
    return float(np.median(apart)) if len(apart) else 0.0


def dependent_columns(
    found: Occurrences,
    labels: int,
    dependence: Dependence,
    chance: Numbers,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Columns:
    """Return the columns (O, L) of tests and intervals that replace those of independent pictures.

    chance (O, L) is the share of pictures in which an object would count by chance.
    """
    pictures = _Pictures.of(found, labels, dependence)
    p, present_p = (pictures.association_p(which, seed) for which in (pictures.kept, slice(None)))
    kept, present = pictures.sums(True), pictures.sums(False)
    use = pictures.use_sums()
    low, high = pictures.lift_intervals(resamples, seed)
    use_p = _attention_p(use, chance)
    if dependence.rule == GROUPS and pictures.groups < FEWEST:
        use_p = np.full(use_p.shape, np.nan)
    return {
        **_ends("present", present, 100),
        **_ends("percent", kept, 100),
        **_ends("use", use, 1),
        "use_p": use_p,
        "lift_low": low,
        "lift_high": high,
        "p": p,
        "q": false_discoveries(p),
        "present_q": false_discoveries(present_p),
        "groups": pictures.cell_groups(),
        "episodes": pictures.cell_episodes(),
        "p_rule": np.full(p.shape, dependence.rule, object),
    }


def independent_columns(present: NDArray[np.integer]) -> Columns:
    """Return the columns `groups`, `episodes` and `p_rule` for pictures that are independent."""
    return {
        "groups": present,
        "episodes": np.full(present.shape, np.nan),
        "p_rule": np.full(present.shape, PICTURES, object),
    }


def unit_intervals(
    unit: Places, label: Places, pairs: tuple[Places, Places, NDArray[np.bool_]], of_label: Places
) -> Columns:
    """Return the ends of the shares of C cells, with the pictures of a unit (I,) taken together.

    `pairs` are image, cell and kept (K,) of each object that is present in a picture; cell c is of the
    label of_label[c], of labels (I,) of any kind. A picture that is LEFT_OUT, or a cell below 0, is none.
    """
    image, cell, kept = pairs
    known = cell >= 0
    image, cell, kept = image[known], cell[known].astype(np.int64), kept[known]
    labels, cells = int(of_label.max(initial=-1)) + 1, len(of_label)
    sure = (label >= 0) & (label < labels)
    code = np.unique(unit, return_inverse=True)[1].astype(np.int64)
    met, times = np.unique(code[sure] * labels + label[sure], return_counts=True)
    here = met % max(1, labels)
    ones = np.ones(len(here))
    units, images, squares = (
        np.bincount(here, weight, labels)[of_label].astype(float) for weight in (ones, times, times**2)
    )

    key, of, present = np.unique(code[image] * cells + cell, return_inverse=True, return_counts=True)
    kept_there = np.bincount(of[kept], minlength=len(key))
    in_cell = key % max(1, cells)
    in_unit = (
        times[np.searchsorted(met, key // max(1, cells) * labels + of_label[in_cell])] if len(key) else 0
    )

    def over(values: NDArray) -> Numbers:
        return np.bincount(in_cell, values, cells).astype(float)

    def of_images(count: NDArray) -> GroupSums:
        return GroupSums(units, over(count), images, over(count**2), over(count * in_unit), squares)

    use = (np.ones(len(key)), kept_there, present, kept_there**2, kept_there * present, present**2)
    return {
        **_ends("present", of_images(present), 100),
        **_ends("percent", of_images(kept_there), 100),
        **_ends("use", GroupSums(*map(over, use)), 1),
    }


def _ends(name: str, sums: GroupSums, unit: int) -> Columns:
    low, high = group_wilson(sums)
    return {f"{name}_low": unit * low, f"{name}_high": unit * high}


def _attention_p(use: GroupSums, chance: Numbers) -> Numbers:
    """Return the one-sided p (O, L) that an object counts so often by chance, with a group as one picture.

    Groups of unequal size count as that number of equal ones that has the same variance.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = use.b**2 / use.bb
        count = use.a / use.b * worth
    there = use.b > 0
    return binomial_tail(
        np.where(there, count, 0), np.where(there, worth, 0), np.where(there, chance, np.nan)
    )


@dataclass(frozen=True)
class _Pictures:
    """The pictures that count, with their groups and units numbered from 0, from which all sums are made.

    image, object, kept (K,) belong to each object that is present in a picture.
    """

    dependence: Dependence
    group: Places
    time: NDArray[np.float64] | None
    unit: Places
    label: Places
    image: Places
    object: Places
    kept: NDArray[np.bool_]
    shape: tuple[int, int]

    @classmethod
    def of(cls, found: Occurrences, labels: int, dependence: Dependence) -> "_Pictures":
        """Make them of all pictures but those without a label."""
        sure = found.label != LEFT_OUT
        pairs = sure[found.image]
        units = dependence.units(found.label)
        return cls(
            dependence,
            np.unique(dependence.group[sure], return_inverse=True)[1],
            None if dependence.time is None else dependence.time[sure],
            np.unique(units[sure], return_inverse=True)[1],
            found.label[sure],
            (np.cumsum(sure) - 1)[found.image[pairs]],
            found.object[pairs].astype(np.int64),
            found.kept[pairs],
            (found.objects, labels),
        )

    @property
    def groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    @property
    def units(self) -> int:
        return int(self.unit.max(initial=-1)) + 1

    @cached_property
    def cell(self) -> Places:
        """The cell (K,) of each object that is present."""
        return self.object * self.shape[1] + self.label[self.image]

    @cached_property
    def shared(self) -> tuple[Places, Places, NDArray[np.int64], NDArray[np.int64]]:
        """The unit and cell of each pair that occurs (n,), and its pictures: present and kept (n,)."""
        cells = self.shape[0] * self.shape[1]
        key, of, present = np.unique(
            self.unit[self.image].astype(np.int64) * cells + self.cell,
            return_inverse=True,
            return_counts=True,
        )
        kept = np.bincount(of[self.kept], minlength=len(key))
        return key // max(1, cells), key % max(1, cells), present, kept

    @cached_property
    def unit_images(self) -> NDArray[np.int64]:
        """The number of pictures of each label in each unit (U, L)."""
        labels = self.shape[1]
        counts = np.bincount(self.unit * labels + self.label, minlength=self.units * labels)
        return counts.reshape(-1, labels)

    def sums(self, kept: bool) -> GroupSums:
        """Return sums (O, L) over units of a label's pictures with an object, and of all the label's pictures."""
        unit, cell, present, kept_there = self.shared
        a = kept_there if kept else present
        images = self.unit_images.astype(float)

        def whole(of_label: Numbers) -> Numbers:
            return np.broadcast_to(of_label, self.shape).astype(float)

        return GroupSums(
            whole((images > 0).sum(0)),
            self._grid(cell, a),
            whole(images.sum(0)),
            self._grid(cell, a**2),
            self._grid(cell, a * images[unit, cell % max(1, self.shape[1])]),
            whole((images**2).sum(0)),
        )

    def use_sums(self) -> GroupSums:
        """Return sums (O, L) over units of pictures in which an object counts, and in which it is present."""
        _, cell, present, kept = self.shared
        parts = (np.ones(len(cell)), kept, present, kept**2, kept * present, present**2)
        return GroupSums(*(self._grid(cell, part) for part in parts))

    def _grid(self, cell: Places, values: NDArray) -> Numbers:
        total = np.bincount(cell, values, self.shape[0] * self.shape[1])
        return total.reshape(self.shape).astype(float)

    def cell_groups(self) -> NDArray[np.int64]:
        """Count the groups in which an object is present under a label (O, L)."""
        cells = self.shape[0] * self.shape[1]
        met = np.unique(self.group[self.image].astype(np.int64) * cells + self.cell) % max(1, cells)
        return np.bincount(met, minlength=cells).reshape(self.shape)

    def cell_episodes(self) -> Numbers:
        """Count the episodes in which an object is present under a label (O, L); NaN without an order."""
        cells = self.shape[0] * self.shape[1]
        if self.dependence.rule != TIME or self.time is None:
            return np.full(self.shape, np.nan)
        found = count_episodes(self.group, self.time, self.image, self.cell, cells)
        return found.reshape(self.shape).astype(float)

    def association_p(self, which: NDArray[np.bool_] | slice, seed: int) -> Numbers:
        """Return p (O, L) of the pairs `which` (K,): by group, or the larger of those of shifts and of time blocks."""
        image, object = self.image[which], self.object[which]
        anywhere = np.zeros(self.shape[0], bool)
        anywhere[self.object] = True
        by_unit = group_association_p(Grouped(self.unit, self.label, image, object, self.shape))
        # what is tested may not depend on how labels fell
        untested = np.where(
            anywhere[:, None] & (np.bincount(self.label, minlength=self.shape[1]) > 0), 1.0, np.nan
        )
        by_unit = np.where(np.isnan(by_unit) & (self.units >= FEWEST), untested, by_unit)
        if self.dependence.rule != TIME or self.time is None:
            return by_unit
        asked = self._often()
        pictures = Grouped(self.group, self.label, image, object, self.shape)
        by_shift = shift_p(pictures, self.time, asked, seed=seed)
        return np.where(asked, np.fmax(by_shift, by_unit), np.nan)

    def _often(self) -> NDArray[np.bool_]:
        """Return the cells (O, L) of which object and label both come in enough episodes."""
        assert self.time is not None
        objects = count_episodes(self.group, self.time, self.image, self.object, self.shape[0])
        everything = np.arange(len(self.label))
        labels = count_episodes(self.group, self.time, everything, self.label, self.shape[1])
        return (objects >= EPISODES)[:, None] & (labels >= EPISODES)

    def lift_intervals(self, resamples: int, seed: int) -> tuple[Numbers, Numbers]:
        """Return both ends (O, L) of the interval of lift over resamples of the units."""
        return group_lift_intervals(
            self.cell[self.kept],
            self.unit[self.image[self.kept]],
            self.label,
            self.unit,
            self.shape,
            resamples,
            seed,
        )
