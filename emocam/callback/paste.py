"""The labels changed by pasting: for each object and position how many, and to what."""

from typing import Any

import numpy as np
import pandas as pd

from emocam.callback.base import Finished
from emocam.plot.paste import switches_figure
from emocam.results.parquet_file import read_frame
from emocam.results.spreadsheet import write_csv

COLUMNS = ["object", "position", "x", "y", "label_before", "label_after", "focus"]


def changed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return percent changed and the label most often switched to, one row per object and position."""
    rows = rows.assign(changed=rows["label_before"].astype(str) != rows["label_after"].astype(str))
    groups = rows.groupby(["object", "position"], sort=False, observed=True)
    table = groups.agg(
        percent_changed=("changed", lambda flags: 100 * flags.mean()),
        images=("changed", "size"),
        focus=("focus", "mean"),
    )
    flips = rows[rows["changed"]]
    counts = flips.groupby(["object", "position", flips["label_after"].astype(str)], observed=True).size()
    often = counts.sort_values(ascending=False, kind="stable").reset_index()
    most = often.drop_duplicates(["object", "position"]).set_index(["object", "position"])["label_after"]
    table["most_often"] = most.reindex(table.index)
    return table.reset_index()[["object", "position", "percent_changed", "most_often", "images", "focus"]]


class Paste:
    """A callback that writes paste.csv and paste.png of a run with a paste."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        file = finished.folder / "paste.parquet"
        if not file.is_file():
            return {}
        rows = read_frame(file, columns=COLUMNS)
        table = changed(rows)
        write_csv(table, finished.folder / "paste.csv", index=False)
        if len(table):
            switches_figure(table).savefig(finished.folder / "paste.png")
        flipped = rows["label_before"].astype(str) != rows["label_after"].astype(str)
        summary = {
            "pasted": len(rows),
            "paste_changed_percent": 100 * float(flipped.mean()) if len(rows) else 0.0,
        }
        focus = float(np.nanmean(rows["focus"])) if rows["focus"].notna().any() else None
        return summary | ({"paste_focus": focus} if focus is not None else {})
