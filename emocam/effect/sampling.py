"""The choice of cells and of their pictures: by rank and by chance, never the most favourable."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from emocam.effect.base import Budget, Cell
from emocam.functional.dice import Dice

T = TypeVar("T")


def dice_for(seed: int, *names: str) -> Dice:
    """Return the same dice for the same names, whatever the order or process of the work."""
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
    """Choose the cells with the highest percent, from counts of present (O, L), then some of the rest.

    The random ones are there to find what matters though no map lies on it.
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
    """Draw at most `count` options at random, in their own order."""
    picked = dice.some(range(len(options)), min(count, len(options)))
    return [options[i] for i in sorted(picked)]


def shared_order(images: Sequence[str], label: str, seed: int) -> list[str]:
    """Put pictures in an order that chance and the label decide, the same whichever of them are asked for."""

    def place(image: str) -> bytes:
        return hashlib.sha256(f"{seed}\0{label}\0{image}".encode(errors="surrogateescape")).digest()

    return sorted(images, key=place)
