"""Pictures that a person asks for one by one: those answered wrongly, and any by its file's name."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emocam.report.examples import Example
from emocam.report.scripts import write_script
from emocam.results.files import PREDICTIONS
from emocam.results.pairs import picture_of
from emocam.results.parquet_file import count_rows
from emocam.results.run import Run

MOST_WRONG = 120
"""The most pictures that are shown of those answered wrongly."""
WHOLE = 500
"""A corpus of up to so many pictures is on the page as a whole, also what no gallery shows."""
MOST_NAMES = 200_000
"""The most pictures whose names can be searched."""


@dataclass(frozen=True)
class Wrong:
    """What people and the classifier call differently, of `annotated` pictures.

    `kinds` are (people's label, the classifier's, pictures), the most frequent first; `images` are those shown, of each
    kind its surest first, the kinds in turn.
    """

    annotated: int
    kinds: list[tuple[str, str, int]]
    images: list[str]

    @property
    def pictures(self) -> int:
        """The number of all that are called differently."""
        return sum(kind[2] for kind in self.kinds)


def find_wrong(run: Run, most: int = MOST_WRONG) -> Wrong | None:
    """Find the pictures whose label people would not give; None where people's labels are not known."""
    if run.many or "truth" not in run.columns(PREDICTIONS):
        return None
    rows = run.pictures(["image", "label", "confidence", "truth"])
    rows = rows[run.thresholds.confident(rows["confidence"].to_numpy())]
    rows = rows.astype({"image": str, "label": str, "truth": str})
    rows = rows[rows["truth"].isin(run.label_names)]
    if rows.empty:
        return None
    wrong = rows[rows["truth"] != rows["label"]].sort_values("confidence", ascending=False, kind="stable")
    kinds = wrong.groupby(["truth", "label"], sort=False)
    sizes = kinds.size().sort_values(ascending=False, kind="stable")
    order = np.lexsort((-kinds["image"].transform("size").to_numpy(), kinds.cumcount().to_numpy()))
    shown = wrong["image"].to_numpy()[order][:most].tolist() if len(wrong) else []
    pairs = zip(sizes.index.to_frame()["truth"], sizes.index.to_frame()["label"], sizes, strict=True)
    counted = [(str(truth), str(label), int(n)) for truth, label, n in pairs]
    return Wrong(len(rows), counted, shown)


def whole_corpus(run: Run, most: int) -> list[str]:
    """Return all pictures of a corpus that the page has room for as a whole, else none."""
    if count_rows(run.file(PREDICTIONS)) > min(WHOLE, most):
        return []
    rows = run.pictures(["image"])  # of many labels a row each
    return rows["image"].astype(str).tolist() if len(rows) <= min(WHOLE, most) else []


def write_single_pictures(folder: Path, run: Run, examples: Collection[Example], wrong: Wrong | None) -> int:
    """Write `data/names.js` and `data/wrong.js`, and return how many pictures can be found by name."""
    by_path = {example.path: example for example in examples}
    if wrong is not None:
        shown = [by_path[image].whole() for image in wrong.images if image in by_path]
        write_script(
            folder / "data/wrong.js", {"name": "data/wrong.js", "kinds": wrong.kinds, "pictures": shown}
        )
    many = count_rows(run.file(PREDICTIONS)) > MOST_NAMES
    if many or len(rows := run.pictures(["image", "label", "confidence"])) > MOST_NAMES:
        return 0
    labels = pd.Index(run.label_names).get_indexer(pd.Index(rows["label"].astype(str)))
    names = {
        "name": "data/names.js",
        "paths": [picture_of(str(key)) for key in rows["image"]],
        "labels": labels,
        "confidence": rows["confidence"].astype(float).round(2).tolist(),
        "shown": sorted(example.place for example in examples),
    }
    write_script(folder / "data/names.js", names)
    return len(rows)
