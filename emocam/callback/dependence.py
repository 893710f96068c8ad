"""The dependence of pictures, and the cure where no setting takes it into account."""

from typing import Any

import numpy as np

from emocam.callback.base import Finished
from emocam.cells.dependence import PICTURES
from emocam.predict.groups import near_duplicates

MATTERS = 1.1
"""The least ratio of the true variance to the assumed one for which near-duplicates are mentioned."""


class DependentPictures:
    """A callback that counts groups and near-duplicates, and warns of these where tests go by pictures."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        """Return `groups`, `p_rule`, `near_duplicates` and `dependence`, the sentence or None."""
        dependence = finished.dependence
        near = near_duplicates(finished.folder)
        entries: dict[str, Any] = {"groups": len(np.unique(dependence.group)), "p_rule": dependence.rule}
        entries |= {"near_duplicates": None, "dependence": None}
        if near is not None:
            size = np.bincount(near)[near]
            entries["near_duplicates"] = int((size > 1).sum())
            if dependence.rule == PICTURES and len(near) and size.mean() > MATTERS:
                entries["dependence"] = nearly_the_same(near)
        return entries


def nearly_the_same(near: np.ndarray) -> str:
    """Return the sentence on near-duplicates (I,) that no setting takes into account."""
    size = np.bincount(near)
    same = int(size[size > 1].sum())
    return (
        f"{same:,} of {len(near):,} pictures are nearly the same as another ({(size > 1).sum():,} groups), and p, q "
        "and all intervals take them for independent, which they are not: data.group=auto counts each group once "
        "(data.group=COLUMN where the data name patients, bursts or films)"
    )
