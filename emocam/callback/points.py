"""The weights of points as a table for spreadsheets and a picture."""

import json
from typing import Any

import numpy as np
import pandas as pd

from emocam.callback.base import Finished
from emocam.data.point_picture import drawn_peak
from emocam.plot.landmarks import points_figure
from emocam.records.keypoints import PointSequence
from emocam.report.points import write_points_page
from emocam.results.files import METADATA, POINTS, parquet
from emocam.results.parquet_file import read_frame, read_schema
from emocam.results.spreadsheet import write_csv
from emocam.view.points import KEY


class Points:
    """A callback that writes points.csv and points.png, where an attribution weighed points."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        file = finished.folder / parquet(POINTS)
        if not file.is_file():
            return {}
        rows = read_frame(file)
        write_csv(rows, finished.folder / f"{POINTS}.csv", index=False)
        first = _first_sequence(finished)
        if first is not None:
            face, weights = drawn_peak(first)[0], weights_by_label(rows)
            points_figure(face, weights).savefig(finished.folder / f"{POINTS}.png")
            write_points_page(finished.folder, first.layout, face, weights, {}, [])
        known = json.loads(read_schema(file).metadata[METADATA])
        return {"completeness_error": known["completeness_error"]}


def weights_by_label(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the weights (P,) of the points of each label."""
    return {str(label): part["weight"].to_numpy(float) for label, part in rows.groupby("label", sort=False)}


def _first_sequence(finished: Finished) -> PointSequence | None:
    """Return the first sequence that can be used, where there still is one."""
    if finished.data is None:
        return None
    for path in finished.data.paths():
        try:
            found: PointSequence = finished.data.open(path).image.info[KEY]
            return found
        except Exception:  # refused, or gone since
            continue
    return None
