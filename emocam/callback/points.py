"""The weights of points as a table for spreadsheets and a picture."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from emocam.callback.base import Finished
from emocam.plot.landmarks import points_figure
from emocam.results.files import METADATA, POINTS, parquet
from emocam.results.parquet_file import read_frame
from emocam.results.spreadsheet import write_csv


class Points:
    """A callback that writes points.csv and points.png, where an attribution weighed points."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        file = finished.folder / parquet(POINTS)
        if not file.is_file():
            return {}
        rows = read_frame(file)
        write_csv(rows, finished.folder / f"{POINTS}.csv", index=False)
        face = _face(finished)
        if face is not None:
            points_figure(face, weights_by_label(rows)).savefig(finished.folder / f"{POINTS}.png")
        known = json.loads(pq.read_schema(file).metadata[METADATA])
        return {"completeness_error": known["completeness_error"]}


def weights_by_label(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the weights (P,) of the points of each label."""
    return {str(label): part["weight"].to_numpy(float) for label, part in rows.groupby("label", sort=False)}


def _face(finished: Finished) -> np.ndarray | None:
    """Return where the first sequence that was used has its points at first (P, 2), where it still can be opened."""
    from emocam.data.point_picture import drawn_peak
    from emocam.view.points import KEY

    if finished.data is None:
        return None
    for path in finished.data.paths():
        try:
            return drawn_peak(finished.data.open(path).image.info[KEY])[0]
        except Exception:  # refused, or gone since
            continue
    return None
