"""Which training pictures are held back: stratified by label, groups whole."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emocam.errors import SettingError

LEAST = 5
"""Pictures of a label to begin with."""
LEAST_RATED = 10
"""Rated pictures to begin with."""


def split_pictures(
    paths: Sequence[str],
    label: NDArray[np.int64],
    group: NDArray[np.int64],
    labels: Sequence[str],
    hold: float,
    seed: int,
) -> NDArray[np.bool_]:
    """Return which of N pictures are held back (N,): of each label about `hold`, and at least one.

    Pictures of one `group` (N,) stay together. The draw depends on the seed and the groups' first paths alone,
    so that a picture added later moves few others.
    """
    counts = np.bincount(label, minlength=len(labels)).astype(np.int64)
    check_counts(labels, counts)
    if not hold:
        return np.zeros(len(label), bool)
    held = draw_held(paths, label, group, counts, hold, seed)
    taken = np.bincount(label[held], minlength=len(labels)).astype(np.float64)
    check_both_parts(labels, counts, taken)
    return held


def split_rated(paths: Sequence[str], group: NDArray[np.int64], hold: float, seed: int) -> NDArray[np.bool_]:
    """Return which of N rated pictures are held back (N,), about `hold` of them, in the same manner."""
    count = len(paths)
    if count < LEAST_RATED:
        raise SettingError(
            f"task=train: {count} pictures have ratings, and values need at least {LEAST_RATED}, some to learn from "
            "and some to hold back; rate more pictures"
        )
    if not hold:
        return np.zeros(count, bool)
    held = draw_held(paths, np.zeros(count, np.int64), group, np.array([count]), hold, seed)
    if not held.any() or held.all():
        raise SettingError(
            f"task=train: the {count:,} pictures come in too few groups (persons, data.group or near-duplicates) to "
            "hold some of them back; add pictures of others, or train with train.hold=0 train.keep=last"
        )
    return held


def draw_held(
    paths: Sequence[str],
    label: NDArray[np.int64],
    group: NDArray[np.int64],
    counts: NDArray[np.int64],
    hold: float,
    seed: int,
) -> NDArray[np.bool_]:
    """Draw which of N pictures are held back (N,), whole groups; `counts` (L,) are the pictures of each label."""
    held = np.zeros(len(label), bool)
    members: dict[int, list[int]] = {}
    for picture, of in enumerate(group.tolist()):
        members.setdefault(of, []).append(picture)
    drawn = {
        of: hashlib.sha256(f"{seed} {paths[own[0]]}".encode(errors="surrogatepass")).digest()
        for of, own in members.items()
    }
    wanted, taken = np.maximum(1.0, hold * counts), np.zeros(len(counts))
    # large groups first, while there is room for them
    for of in sorted(members, key=lambda of: (-len(members[of]), drawn[of])):
        own = members[of]
        added = np.bincount(label[own], minlength=len(counts))
        if np.square(taken + added - wanted).sum() < np.square(taken - wanted).sum():
            held[own] = True
            taken += added
    return held


def check_counts(labels: Sequence[str], counts: NDArray[np.int64], task: str = "train") -> None:
    """Refuse a label with too few pictures to part."""
    for name, count in zip(labels, counts, strict=True):
        if count < LEAST:
            raise SettingError(
                f"task={task}: the label {name!r} has {count} picture{'s' if count != 1 else ''} to train on, and "
                f"needs at least {LEAST}, some to learn from and some to hold back; add pictures of it, or leave the "
                "label out of the data"
            )


def check_both_parts(labels: Sequence[str], counts: NDArray[np.int64], taken: NDArray[np.float64]) -> None:
    """Refuse a label of whose pictures none, or all, are held back."""
    for name, count, kept in zip(labels, counts, taken, strict=True):
        if kept == 0 or kept == count:
            part = "held-out" if kept == 0 else "training"
            raise SettingError(
                f"task=train: no picture of the label {name!r} would be in the {part} part, since its {count:,} "
                "pictures come in too few groups (persons, data.group or near-duplicates); add pictures of "
                "others, hold more back with train.hold, or train without with train.hold=0 train.keep=last"
            )
