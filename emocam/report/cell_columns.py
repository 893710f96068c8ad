"""Further columns of the matrix for the page: few cells stand in its own data, many in a file that is read later."""

import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emocam.report.matrix import WHOLE
from emocam.report.scripts import write_script
from emocam.results.files import CELLS
from emocam.results.parquet_file import open_parquet
from emocam.results.run import Run, encode_names

SHOWN = (
    *("use", "use_low", "use_high", "use_chance", "lift", "p", "q", "effect", "effect_control"),
    *("flips", "flips_control", "effect_images", "verdict"),
)
"""Columns of cells.parquet that the page shows."""
LATER = "data/cells.js"


def write_cells(folder: Path, run: Run) -> dict[str, list[float | str | None]]:
    """Return further columns, flat (O x L), where the run has them; None where unmeasured.

    Of a large matrix they are empty here, and `folder`/data/cells.js has them.
    """
    if not run.file(CELLS).is_file():
        return {}
    size = len(run.object_names) * len(run.label_names)
    if size <= WHOLE:
        return {name: _plain(values) for name, values in _columns(run, size)}
    packed = {name: _packed(values) for name, values in _columns(run, size)}
    write_script(folder / LATER, {"name": LATER, "columns": packed})
    return {name: [] for name in packed}


def _columns(run: Run, size: int) -> "list[tuple[str, NDArray[Any]]]":
    """Return the name and the values of each column in the order of the matrix, one table's columns at a time."""
    stored = open_parquet(run.file(CELLS))
    labels = run.label_names
    names = stored.read(["object", "label"])
    row = encode_names(names, "object", run.object_names) * len(labels) + encode_names(names, "label", labels)
    columns: list[tuple[str, NDArray[Any]]] = []
    for name in (name for name in SHOWN if name in stored.schema_arrow.names):
        column = stored.read([name])[name].combine_chunks()
        text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        text = text or pa.types.is_dictionary(column.type)
        values = np.full(size, None, object) if text else np.full(size, np.nan)
        values[row] = column.to_numpy(zero_copy_only=False)
        columns.append((name, values if text else np.where(np.isfinite(values), values, np.nan)))
    return columns


def _plain(values: NDArray[Any]) -> list[float | str | None]:
    """Return numbers rounded to four digits, None where they are not finite, and texts as they are."""
    if values.dtype == object:
        return values.tolist()
    return [None if np.isnan(value) else value for value in values.round(4).tolist()]


def _packed(values: NDArray[Any]) -> dict[str, Any]:
    """Return a column as the base64 of what zlib makes of its floats, or of its texts' numbers in a list."""
    names: list[str] = []
    if values.dtype == object:
        texts, values = np.unique(np.where(values == None, "", values).astype(str), return_inverse=True)  # noqa: E711
        names = texts.tolist()
    stored = values.astype("<u2" if names else "<f4").tobytes()
    return {"packed": b64encode(zlib.compress(stored, 6)).decode(), "names": names}
