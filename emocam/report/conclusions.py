"""Conclusions in sentences: first where attention and effect disagree, then what is used."""

from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from emocam.cells.verdict import LOOKED_AT, UNSEEN, USED, verdict_sentence
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run

ORDER = (LOOKED_AT, UNSEEN, USED)
MOST = 12
"""The most sentences of one verdict; the matrix has the others."""
NEEDED = {"effect", "effect_control", "present_percent", "present_percent_of_all", "use", "verdict"}


@dataclass(frozen=True)
class Conclusion:
    """A cell by its indices into the run's names, its verdict, and the sentence that says why."""

    object: int
    label: int
    verdict: str
    sentence: str


def conclusions(run: Run) -> list[Conclusion]:
    """Return the strongest conclusions of each verdict; none where no effect was measured."""
    file = run.path / "cells.parquet"
    if not file.is_file() or not set(pq.read_schema(file).names) >= NEEDED:
        return []
    cells = read_frame(file)
    cells = cells[cells["verdict"].isin(ORDER) & np.isfinite(cells["effect"].astype(float))]
    cells = cells.assign(beyond=cells["effect"] - cells["effect_control"])
    ordered = []
    for verdict in ORDER:
        of_verdict = cells[cells["verdict"] == verdict]
        strongest = of_verdict.nlargest(MOST, "use" if verdict == LOOKED_AT else "beyond")
        ordered += [
            Conclusion(
                run.object_names.index(str(cell["object"])),
                run.label_names.index(str(cell["label"])),
                verdict,
                verdict_sentence({str(column): value for column, value in cell.items()}),
            )
            for cell in strongest.to_dict("records")
        ]
    return ordered
