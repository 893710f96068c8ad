"""Whose picture each is: the persons of a run, by the column that the run was told to go by."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.cells.dependence import TIME, Dependence
from emocam.cells.occurrences import Places
from emocam.data.base import AUTO
from emocam.results.files import ASKED, GROUP, PREDICTIONS
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run

COMMON_NAMES = ("person", "subject", "patient")
"""Columns that a sentence proposes as the one to go by."""


@dataclass(frozen=True)
class People:
    """The name (I,) of each image's person, None where it has none; without any person `name` is None.

    `unknown` says what is not known of persons. Names that mean the same person in another run are `shared`.
    """

    name: NDArray[np.object_] | None
    unknown: str = ""
    shared: bool = False

    @property
    def codes(self) -> Places | None:
        """The persons as numbers (I,), LEFT_OUT where an image has none."""
        return None if self.name is None else pd.factorize(self.name)[0].astype(np.int64)


def read_people(run: Run, dependence: Dependence, label: Places) -> People:
    """Read the persons of all images of a run; of a film, `label` (I,) decides how long its blocks of time are."""
    column = run.names.get(ASKED, [None, None])[0]
    if GROUP in run.columns(PREDICTIONS) and column is not None:
        groups = read_frame(run.file(PREDICTIONS), columns=[GROUP])[GROUP].astype(object)
        name = groups.where(groups.notna() & (groups != ""), None).to_numpy(object)
        if len(set(name) - {None}) > 1:
            copies = (
                "units are groups of near-duplicates (data.group=auto), which are no persons: of groups of people no "
                "difference is shown by this p; data.group=COLUMN names the column of persons"
            )
            return People(name, copies if column == AUTO else "", column != AUTO)
    if dependence.rule == TIME:
        return People(dependence.units(label).astype(object), "units are blocks of time, not persons")
    known = [name for name in COMMON_NAMES if name in run.columns(PREDICTIONS)]
    cure = (
        f"data.group={known[0]}" if known else "data.group=COLUMN, the column that says whose picture it is,"
    )
    return People(
        None,
        "persons are unknown, so no difference has an interval or a p: pictures of one person are not independent; "
        f"{cure} counts each person once",
    )
