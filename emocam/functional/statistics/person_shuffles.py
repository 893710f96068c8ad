"""Two groups of people: whether persons fall into them by chance, with each person as one.

The labels of the groups are shuffled over persons and Welch's t is formed again: the studentised permutation
test, Janssen 1997, https://doi.org/10.1016/S0167-7152(97)00043-6, which holds its level where the groups differ
in size and in spread. Few persons have few ways to fall into two groups, and then all of them are counted.
"""

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SHUFFLES = 9_999
"""The most ways in which persons are drawn into two groups, beside the one that is seen."""
CHUNK = 2**21
"""Numbers held at once."""
SAME = 1e-9
"""What is smaller, in standard deviations, is nothing but rounding."""


def all_are_counted(persons: int, second: int, shuffles: int = SHUFFLES) -> bool:
    """Return whether all ways to choose the second group from the persons are gone through."""
    return comb(persons, second) <= shuffles + 1


def person_shuffle_p(
    values: Numbers, second: NDArray[np.bool_], shuffles: int = SHUFFLES, seed: int = 0
) -> Numbers:
    """Return the two-sided p (C,) that the persons' values (U, C) differ so much between two groups by chance.

    `second` (U,) are the persons of the second group. NaN where all persons have the same value, and with fewer
    than two persons in a group.
    """
    persons, group = len(values), int(second.sum())
    spread = values.std(0) if persons else np.zeros(values.shape[1])
    known = spread > SAME * (1 + np.abs(values).max(0, initial=0))
    p = np.full(values.shape[1], np.nan)
    if min(group, persons - group) < 2 or not known.any():
        return p
    scaled = (values[:, known] - values[:, known].mean(0)) / spread[known]
    seen = np.abs(_welch(scaled, second[None]))[0]
    exact = all_are_counted(persons, group, shuffles)
    ways = _every_choice(persons, group) if exact else _shuffled(second, shuffles, seed)
    step = max(1, CHUNK // max(persons, scaled.shape[1]))
    as_far, total = np.zeros(len(seen)), 0
    for chosen in _in_parts(ways, step):
        as_far += (np.abs(_welch(scaled, chosen)) >= seen - SAME).sum(0)
        total += len(chosen)
    p[known] = as_far / total if exact else (as_far + 1) / (total + 1)
    return p


def _welch(values: Numbers, second: NDArray[np.bool_]) -> Numbers:
    """Return Welch's t (r, C) of standardised values (U, C) for each choice of a second group (r, U)."""
    t = second.astype(float)
    persons, group = values.shape[0], t.sum(1, keepdims=True)
    rest = persons - group
    squares = values**2
    total, total_squares = t @ values, t @ squares
    all_values, all_squares = values.sum(0), squares.sum(0)
    mean, other = total / group, (all_values - total) / rest
    variance = (total_squares / group - mean**2).clip(min=0) / (group - 1)
    variance = variance + ((all_squares - total_squares) / rest - other**2).clip(min=0) / (rest - 1)
    apart = np.where(np.abs(mean - other) > SAME, mean - other, 0.0)
    error = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        # squares that cancel leave about the root of the rounding
        quotient = np.where(error > 1e-7, apart / error, np.sign(apart) * np.inf)
    return np.where(apart == 0, 0.0, quotient)


def _every_choice(persons: int, group: int) -> Iterator[NDArray[np.bool_]]:
    for chosen in combinations(range(persons), group):
        row = np.zeros(persons, bool)
        row[list(chosen)] = True
        yield row


def _shuffled(second: NDArray[np.bool_], shuffles: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    for _ in range(shuffles):
        yield generator.permutation(second)


def _in_parts(rows: Iterator[NDArray[np.bool_]], step: int) -> Iterator[NDArray[np.bool_]]:
    part: list[NDArray[np.bool_]] = []
    for row in rows:
        part.append(row)
        if len(part) == step:
            yield np.stack(part)
            part = []
    if part:
        yield np.stack(part)
