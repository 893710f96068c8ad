"""Times of events: seconds, or hours, minutes and seconds with a fraction or a number of frames."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from emocam.data.annotations.rows import place
from emocam.data.annotations.source import Source
from emocam.errors import SettingError

CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)(?:[:;](\d+))?")
"""`H:MM:SS`, `MM:SS`, `H:MM:SS.mmm` and `H:MM:SS:FF`."""


def read_seconds(source: Source, table: pd.DataFrame, column: str, rate: Callable[[], float]) -> np.ndarray:
    """Return the seconds of a column (rows,); `rate` tells the frames a second where times count frames."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64, na_value=np.nan, copy=True)
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        values[row] = _clock_seconds(source, row, column, str(table[column].iloc[row]).strip(), rate)
    negative = np.flatnonzero(values < 0)
    if len(negative):
        row = int(negative[0])
        raise source.fault(f"{place(row)}, {column}", "0 or later", table[column].iloc[row])
    return values


def _clock_seconds(source: Source, row: int, column: str, text: str, rate: Callable[[], float]) -> float:
    found = CLOCK.fullmatch(text)
    if not found or int(found[2]) > 59 or float(found[3].replace(",", ".")) >= 60:
        raise source.fault(f"{place(row)}, {column}", "seconds, H:MM:SS, H:MM:SS.mmm or H:MM:SS:FF", text)
    whole = 3600 * int(found[1] or 0) + 60 * int(found[2]) + float(found[3].replace(",", "."))
    if found[4] is None:
        return whole
    if "." in found[3] or (found[1] is None):
        raise source.fault(f"{place(row)}, {column}", "H:MM:SS:FF where it counts frames", text)
    frames = rate()
    if not frames > 0:
        raise SettingError(
            f"{source.setting} {source.file}: {place(row)}, {column} counts frames ({text}), and the film's rate "
            "is not known; write seconds"
        )
    if int(found[4]) >= np.ceil(frames - 1e-6):
        raise source.fault(
            f"{place(row)}, {column}", f"of fewer than {frames:g} frames, as the film has", text
        )
    return whole + int(found[4]) / frames
