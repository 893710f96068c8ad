"""Two groups of pictures, cell by cell, with people as the units: who is looked at how.

A person's pictures are averaged first, so that a person counts once, however many pictures there are. Whether
two groups differ is then asked of persons: they are shuffled between the groups where each is in one of
them, and signs are flipped within persons where the same ones are in both.
"""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.cells.occurrences import LEFT_OUT, Places
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.person_effects import (
    hedges_g,
    paired_hedges_g,
    resampled_means,
    widened_percentiles,
)
from emocam.functional.statistics.person_shuffles import all_are_counted, person_shuffle_p
from emocam.functional.statistics.signs import all_signs_are_counted, sign_flip_p
from emocam.functional.statistics.wilson import wilson

Numbers = NDArray[np.float64]
FEWEST_PEOPLE = 5
"""Persons a group; of fewer there is neither an interval nor a p."""
ROUNDING = 1e-12
"""Values that differ by a smaller share of the largest are the same."""
UNKNOWN_PEOPLE, TOO_FEW_PEOPLE = "people unknown", "too few people"
SHUFFLED, EVERY_SHUFFLE = "persons shuffled", "persons shuffled, all ways"
FLIPPED, EVERY_FLIP = "signs flipped within persons", "signs flipped within persons, all ways"
"""The values of `p_rule`: how p was found, or why there is none."""
DIFFERENCE_COLUMNS = [
    *("a", "b", "object", "label", "difference", "low", "high", "hedges_g", "p", "q", "units_a", "units_b"),
    *("mean_a", "mean_b", "measure", "answers", "p_rule"),
]
WHOLE = "Int64"


@dataclass(frozen=True)
class PeopleSample:
    """The pictures of one group and what was measured in them.

    `person` and `label` (I,) are LEFT_OUT where they are unknown or the picture is no part of the group;
    without any person `person` is None. `value` (K,) is what was measured of object (K,) in image (K,), and
    everywhere else 0.
    """

    label: Places
    person: Places | None
    image: Places
    object: Places
    value: Numbers

    def where(self, chosen: NDArray[np.bool_]) -> "PeopleSample":
        """Return the sample without the pictures that are not chosen (I,)."""
        return replace(self, label=np.where(chosen, self.label, LEFT_OUT))

    def means(self, label: int, objects: int) -> tuple[Places, Numbers]:
        """Return the persons (U,) with pictures of a label, and their means of each object (U, O).

        Without persons that is one row, the mean over pictures.
        """
        chosen = self.label == label
        unit = np.zeros(len(chosen), np.int64) if self.person is None else self.person.astype(np.int64)
        chosen = chosen & (unit != LEFT_OUT)
        persons, images = np.unique(unit[chosen], return_counts=True)
        if not len(persons):
            return persons, np.zeros((0, objects))
        pair = chosen[self.image]
        row = np.searchsorted(persons, unit[self.image[pair]])
        cell = row * objects + self.object[pair]
        total = np.bincount(cell, self.value[pair], len(persons) * objects).reshape(-1, objects)
        return persons, np.asarray(total / images[:, None])


@dataclass(frozen=True)
class Named:
    """Names for the differences of two samples: of objects, labels, the measure and the answers."""

    objects: list[str]
    labels: list[str]
    measure: str
    answers: str


def slice_differences(samples: dict[str, PeopleSample], named: Named, seed: int = 0) -> pd.DataFrame:
    """Return a row a pair of groups and cell, with q over all of them; difference is b less a."""
    tables = [
        _pair_rows(samples[a], samples[b], named, seed).assign(a=a, b=b) for a, b in combinations(samples, 2)
    ]
    tables = [table for table in tables if len(table)]
    if not tables:
        return pd.DataFrame(columns=DIFFERENCE_COLUMNS)
    table = pd.concat(tables, ignore_index=True)
    table["q"] = false_discoveries(table["p"].to_numpy(float))
    table["measure"], table["answers"] = named.measure, named.answers
    return table[DIFFERENCE_COLUMNS].astype({"units_a": WHOLE, "units_b": WHOLE})


def people_in_both(a: PeopleSample, b: PeopleSample) -> tuple[set[int], bool]:
    """Return the persons with pictures in both samples, and whether the samples are compared within persons.

    They are where half of all persons or more, and FEWEST_PEOPLE, are in both; else those few are left out.
    """
    if a.person is None or b.person is None:
        return set(), False
    one, other = (
        set(np.unique(s.person[(s.label != LEFT_OUT) & (s.person != LEFT_OUT)]).tolist())  # type: ignore[index]
        for s in (a, b)
    )
    both = one & other
    return both, len(both) >= max(FEWEST_PEOPLE, len(one | other) / 2)


def _pair_rows(a: PeopleSample, b: PeopleSample, named: Named, seed: int) -> pd.DataFrame:
    """Return the rows of two samples, for all objects that occur under a label of both."""
    both, paired = people_in_both(a, b)
    rows = []
    for number, label in enumerate(named.labels):
        (persons_a, one), (persons_b, other) = (s.means(number, len(named.objects)) for s in (a, b))
        if a.person is not None:
            if paired:
                shared = np.intersect1d(persons_a, persons_b)
                one = one[np.searchsorted(persons_a, shared)]
                other = other[np.searchsorted(persons_b, shared)]
            elif both:
                one = one[~np.isin(persons_a, list(both))]
                other = other[~np.isin(persons_b, list(both))]
        if not len(one) or not len(other):
            continue
        occurs = np.flatnonzero((one != 0).any(0) | (other != 0).any(0))
        columns = compare_people(one[:, occurs], other[:, occurs], paired, seed, a.person is not None)
        names = np.array(named.objects, object)[occurs]
        rows.append(pd.DataFrame({"object": names, "label": label, **columns}))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def compare_people(
    one: Numbers, other: Numbers, paired: bool, seed: int = 0, known: bool = True
) -> dict[str, Any]:
    """Return the columns (C,) of the difference of persons' values (U, C), or of one row each where none is known.

    An object that occurs with fewer than FEWEST_PEOPLE persons has no p: no way to shuffle them is rare enough,
    and asking costs the others.
    """
    cells = one.shape[1]
    mean_a, mean_b = one.mean(0), other.mean(0)
    nothing = np.full(cells, np.nan)
    columns: dict[str, Any] = {"difference": mean_b - mean_a, "mean_a": mean_a, "mean_b": mean_b}
    units = (len(one), len(other)) if known else (pd.NA, pd.NA)
    columns |= {"units_a": units[0], "units_b": units[1]}
    if not known or min(len(one), len(other)) < FEWEST_PEOPLE:
        rule = TOO_FEW_PEOPLE if known else UNKNOWN_PEOPLE
        return columns | dict.fromkeys(("low", "high", "hedges_g", "p"), nothing) | {"p_rule": rule}
    if paired:
        exact = all_signs_are_counted(len(one))
        p, rule = sign_flip_p(other - one, seed=seed), EVERY_FLIP if exact else FLIPPED
        drawn, g = resampled_means(other - one, seed=seed), paired_hedges_g(one, other)
        occurs = ((one != 0) | (other != 0)).sum(0)
    else:
        second = np.repeat([False, True], [len(one), len(other)])
        whole = np.concatenate([one, other])
        exact = all_are_counted(len(whole), len(other))
        p, rule = person_shuffle_p(whole, second, seed=seed), EVERY_SHUFFLE if exact else SHUFFLED
        drawn = resampled_means(other, seed=seed + 1) - resampled_means(one, seed=seed)
        g, occurs = hedges_g(one, other), (whole != 0).sum(0)
    low, high = widened_percentiles(drawn, min(len(one), len(other)))
    # what never varies between the persons seen has no interval that resampling could draw
    apart = np.ptp(drawn, 0) > ROUNDING * np.abs(drawn).max(0)
    low, high = np.where(apart, low, np.nan), np.where(apart, high, np.nan)
    few = occurs < FEWEST_PEOPLE
    return columns | {
        "low": low,
        "high": high,
        "hedges_g": g,
        "p": np.where(few, np.nan, p),
        "p_rule": np.where(few, TOO_FEW_PEOPLE, rule),
    }


def recall_table(samples: dict[str, PeopleSample], labels: list[str], seed: int = 0) -> pd.DataFrame:
    """Return a row a group and true label, and first one a group over all labels, whose label is empty.

    The samples' labels are the true ones, their only object is a right answer. Recall is the mean over persons
    of the share of a person's pictures that are right.
    """
    rows = []
    for name, sample in samples.items():
        whole = replace(sample, label=np.where(sample.label == LEFT_OUT, LEFT_OUT, 0))
        kinds = [("", whole, 0), *((label, sample, number) for number, label in enumerate(labels))]
        for label, of, number in kinds:
            chosen = of.label == number
            persons, means = of.means(number, 1)
            if not chosen.any() or not len(persons):
                continue
            right = int(of.value[chosen[of.image]].sum())
            low, high = recall_interval(means, seed) if sample.person is not None else (np.nan, np.nan)
            units = len(persons) if sample.person is not None else pd.NA
            rows.append((name, label, int(chosen.sum()), right, float(means.mean()), low, high, units))
    columns = ["slice", "label", "images", "right", "recall", "low", "high", "units"]
    return pd.DataFrame(rows, columns=columns).astype({"units": WHOLE})


def mean_rows(
    samples: dict[str, PeopleSample], objects: list[str], labels: list[str], seed: int = 0
) -> pd.DataFrame:
    """Return a row a group, label and object: the mean over persons, and its interval over them."""
    rows = []
    for name, sample in samples.items():
        for number, label in enumerate(labels):
            persons, means = sample.means(number, len(objects))
            if not len(persons):
                continue
            low = high = np.full(len(objects), np.nan)
            if sample.person is not None and len(persons) >= FEWEST_PEOPLE:
                low, high = widened_percentiles(resampled_means(means, seed=seed), len(persons))
            columns = {"object": objects, "mean": means.mean(0), "low": low, "high": high}
            units = len(persons) if sample.person is not None else pd.NA
            rows.append(pd.DataFrame({"slice": name, "label": label, **columns, "units": units}))
    columns_of_none = ["slice", "label", "object", "mean", "low", "high", "units"]
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns_of_none)
    return table.astype({"units": WHOLE})


def recall_interval(recalls: Numbers, seed: int = 0) -> tuple[float, float]:
    """Return the ends of the interval of the mean of persons' recalls (U, 1); NaN of too few persons.

    Where all persons are the same, resampling draws nothing else, and Wilson's interval of persons is taken.
    """
    persons, mean = len(recalls), float(recalls.mean())
    if persons < FEWEST_PEOPLE:
        return np.nan, np.nan
    if np.ptp(recalls) > ROUNDING:
        low, high = widened_percentiles(resampled_means(recalls, seed=seed), persons)
    else:
        low, high = wilson(np.array([round(mean * persons)]), np.array([persons]))
    return float(low[0]), float(high[0])


def recall_differences(samples: dict[str, PeopleSample], labels: list[str], seed: int = 0) -> pd.DataFrame:
    """Return the differences of recall, first over all labels, whose label is empty; q is over all rows."""
    stacked = {name: _with_all_labels(sample, len(labels)) for name, sample in samples.items()}
    named = Named([""], ["", *labels], "recall", "all")
    table = slice_differences(stacked, named, seed)
    return table[table["object"] == ""].drop(columns=["object"])


def _with_all_labels(sample: PeopleSample, labels: int) -> PeopleSample:
    """Return the pictures twice, once all under label 0, once under their own, which is one higher."""
    images = len(sample.label)
    known = sample.label != LEFT_OUT
    return PeopleSample(
        np.concatenate([np.where(known, 0, LEFT_OUT), np.where(known, sample.label + 1, LEFT_OUT)]),
        None if sample.person is None else np.tile(sample.person, 2),
        np.concatenate([sample.image, sample.image + images]),
        np.tile(sample.object, 2),
        np.tile(sample.value, 2),
    )
