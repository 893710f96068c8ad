"""Which pictures of a run belong together: columns of predictions.parquet that need no network.

They are written when the evidence is complete, and again when `data.group` or `data.time` asks for
others, so that asking for them costs no second pass.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa

from emocam.data.base import AUTO, Data
from emocam.data.printed import unprinted
from emocam.errors import SettingError
from emocam.functional.statistics.near_duplicates import components, near_thumbnails
from emocam.functional.thumbnail import COLUMNS, ROWS
from emocam.predict.table_rewrite import rewrite_table
from emocam.results.files import ASKED, GROUP, METADATA, PREDICTIONS, THUMBNAILS, TIME, parquet
from emocam.results.name_places import PART
from emocam.results.parquet_file import has_table, open_parquet, read_parquet, read_schema

Value = TypeVar("Value")


def write_groups(folder: Path, data: Data | None) -> None:
    """Give the run's predictions the columns that `data.group` and `data.time` ask for, and no others."""
    file = folder / parquet(PREDICTIONS)
    schema = read_schema(file)
    names = json.loads((schema.metadata or {}).get(METADATA, b"{}"))
    asked = [data.group, data.time] if data else [None, None]
    before = names.get(ASKED, [None, None])
    # a column of that name which the data have, and nobody asked for, says nothing of which pictures belong together
    own = asked[0] is None and GROUP in schema.names and ASKED not in names
    if asked == before and not own:
        return
    columns: dict[str, pa.ChunkedArray] = {}
    if data and data.group == AUTO:
        images = read_parquet(file, columns=["image"])["image"].cast(pa.string())
        columns[GROUP] = images.take(pa.array(firsts(near_duplicates(folder, data.group))))
    elif data and (groups := data.groups()) is not None:
        columns[GROUP] = _of_images(groups, file, pa.string())
    if data and (times := data.times()) is not None:
        columns[TIME] = _of_images(times, file, pa.float64())
    gone = [name for name, setting in zip((GROUP, TIME), before, strict=True) if setting is not None]
    _rewrite(file, gone, columns, {**names, ASKED: asked})


def near_duplicates(folder: Path, setting: str | None = None) -> np.ndarray | None:
    """Return the group (I,) of each picture with a prediction: near-duplicates have the same.

    None where a run left no thumbnails, which is a fault where the `setting` asks for them.
    """
    file = folder / parquet(THUMBNAILS)
    if not has_table(file):
        if setting == AUTO:
            raise SettingError(
                f"data.group=auto needs the run's thumbnails.parquet, and there is none in {folder}; "
                "run it again with this version, or name a column"
            )
        return None
    parts = [np.zeros(0, np.uint8)]
    for rows in open_parquet(file).iter_batches(PART, columns=["thumbnail"]):
        parts.append(np.frombuffer(b"".join(rows["thumbnail"].to_pylist()), np.uint8))
    pixels = np.concatenate(parts).reshape(-1, ROWS, COLUMNS)
    return components(near_thumbnails(pixels), len(pixels))


def firsts(group: np.ndarray | None) -> np.ndarray:
    """Return the first picture of each picture's group (I,)."""
    assert group is not None
    _, first, of = np.unique(group, return_index=True, return_inverse=True)
    return first[of]


def _of_images(values: Mapping[str, Value], predictions: Path, kind: pa.DataType) -> pa.ChunkedArray:
    """Return the value of each image that has a prediction; null where it has none, or an empty one."""
    parts = []
    for rows in open_parquet(predictions).iter_batches(PART, columns=["image"]):
        named = (values.get(unprinted(image)) for image in rows["image"].to_pylist())
        parts.append(pa.array([None if value == "" else value for value in named], kind))
    return pa.chunked_array(parts, kind)


def _rewrite(
    file: Path, gone: list[str], columns: Mapping[str, pa.ChunkedArray], names: dict[str, object]
) -> None:
    """Write the file again with other columns."""
    first = 0

    def changed(rows: pa.Table) -> pa.Table:
        nonlocal first
        rows = rows.drop_columns([name for name in {*gone, *columns} if name in rows.column_names])
        for name, values in columns.items():
            rows = rows.append_column(name, values.slice(first, len(rows)))
        first += len(rows)
        return rows

    old = read_schema(file).metadata or {}
    rewrite_table(file, changed, {**old, METADATA: json.dumps(names).encode()})
