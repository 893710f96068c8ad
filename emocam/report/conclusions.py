"""Conclusions in sentences: first where attention and effect disagree, then what is used."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emocam.cells.verdict import BY_LABELS, INSERTED, LOOKED_AT, SERIES, UNSEEN, USED
from emocam.cells.verdict_words import verdict_sentence
from emocam.results.parquet_file import read_frame, read_schema
from emocam.results.run import Run

ORDER = (LOOKED_AT, UNSEEN, USED)
MOST = 12
"""The most sentences of one verdict; the matrix has the others."""
NEEDED = {
    *("images", "present", "kept", "present_percent_of_all", "use"),
    *("effect", "effect_control", "effect_images", "verdict"),
}


@dataclass(frozen=True)
class Conclusion:
    """A cell by its indices into the run's names, its verdict, and the sentence that says why."""

    object: int
    label: int
    verdict: str
    sentence: str


REGION_WORDS = {
    "part": "only those pixels of an object went that no smaller region covers",
    "box": "all of an object's regions went, with whatever else lies in them",
    SERIES: "a region's series was moved along time, in runs that the decoder did not see, the mean over all moves",
    "cut": "a box of the object was put into pictures of other labels, with whatever else lies in it",
    "cut part": "those pixels of the object that no smaller region covers were put into pictures of other labels",
}
CONTROL_WORDS = {
    "bare": "the same shape where it covers least of any object",
    "regions": "the mean of all other regions",
    "anywhere": "the same shape at any other place",
}


def effect_rule_in_words(file: Path) -> str | None:
    """Return by which rule the effects of cells.parquet were measured; None where none was."""
    if not file.is_file() or not {"effect_rule", "tried"} <= set(read_schema(file).names):
        return None
    cells = read_frame(file, columns=["object", "effect_rule", "tried"]).dropna()
    if cells.empty:
        return None
    region, control, *masks = str(cells["effect_rule"].mode().iloc[0]).split(", ")
    by_labels = cells["effect_rule"].astype(str).str.split(", ").str[1] == BY_LABELS
    if cells["tried"].iloc[0] == INSERTED:
        region = "cut part" if region == "part" else "cut"
    by = " (regions are masks)" if masks else ""
    large = ", ".join(dict.fromkeys(cells["object"][by_labels].astype(str)))
    other = (
        f", but for {large}, which has no room elsewhere: the same region under other labels" if large else ""
    )
    return (
        f"{REGION_WORDS.get(region, region)}{by}; the control is {CONTROL_WORDS.get(control, control)}{other}"
    )


def conclusions(run: Run) -> list[Conclusion]:
    """Return the strongest conclusions of each verdict; none where no effect was measured."""
    file = run.path / "cells.parquet"
    if not file.is_file() or not set(read_schema(file).names) >= NEEDED:
        return []
    cells = read_frame(file)
    cells = cells[cells["verdict"].isin(ORDER) & np.isfinite(cells["effect"].astype(float))]
    cells = cells.assign(beyond=cells["effect"] - cells["effect_control"])
    pictures = run.summary.get("done", 0) if run.many else int(run.matrix.images.sum())
    ordered = []
    for verdict in ORDER:
        of_verdict = cells[cells["verdict"] == verdict]
        strongest = of_verdict.nlargest(MOST, "use" if verdict == LOOKED_AT else "beyond")
        ordered += [
            Conclusion(
                run.object_names.index(str(cell["object"])),
                run.label_names.index(str(cell["label"])),
                verdict,
                verdict_sentence(
                    {str(column): value for column, value in cell.items()},
                    run.effect_unit,
                    run.asked is not None,
                    pictures,
                ),
            )
            for cell in strongest.to_dict("records")
        ]
    return ordered
