"""Which cells are tried, and in which pictures: by rank and by chance, never the most favourable."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from emocam.effect.base import Budget, Cell
from emocam.functional.dice import Dice

T = TypeVar("T")


def dice_for(seed: int, *names: str) -> Dice:
    """The same throws for the same names, in whatever order or process the work is done."""
    digest = hashlib.sha256("\0".join(names).encode(errors="surrogateescape")).digest()
    return Dice(seed, int.from_bytes(digest[:8], "little"))


def choose_cells(
    present: np.ndarray,
    percent: np.ndarray,
    objects: Sequence[str],
    labels: Sequence[str],
    budget: Budget,
    seed: int,
) -> list[Cell]:
    """From counts of present and percent of kept images, (O, L): the highest, then some of the rest.

    Those at random are there to find what matters though no map lies on it.
    """
    rows, columns = np.nonzero(present >= budget.least)
    order = np.argsort(-percent[rows, columns], kind="stable")
    places = [(int(rows[i]), int(columns[i])) for i in order]
    ranked = places[: budget.cells]
    rest = places[budget.cells :]
    drawn = some(rest, budget.random, dice_for(seed, "cells"))
    return [
        *(Cell(objects[o], labels[i], "rank") for o, i in ranked),
        *(Cell(objects[o], labels[i], "random") for o, i in drawn),
    ]


def some(options: Sequence[T], count: int, dice: Dice) -> list[T]:
    """At most `count` of them at random, in their own order."""
    picked = dice.some(range(len(options)), min(count, len(options)))
    return [options[i] for i in sorted(picked)]
