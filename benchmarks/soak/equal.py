"""Whether a run that was disturbed says the same as one that was not."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TABLES = ("ledger", "predictions", "evidence", "maps", "thumbnails", "effect", "paste", "cells")
TEXTS = ("association.csv", "association_percent.csv", "labels.csv", "cells.csv")
UNEQUAL = (
    "seconds",
    "images_per_second",
    "command",
    "evidence",
    "evidence_from",
    "tracking",
    "settings",
    "python",
)
"""Of the summary: when, how fast and where."""


def differences(run: Path, reference: Path) -> Iterator[str]:
    """Yield a sentence for each table, file or number that differs, and each fault that `verify` finds."""
    from emocam.results.verify import folder_faults

    yield from (f"verify: {fault}" for fault in folder_faults(run))
    for name in TABLES:
        files = [folder / f"{name}.parquet" for folder in (run, reference)]
        if files[0].is_file() != files[1].is_file():
            yield f"{name}.parquet is there in one alone"
        elif files[0].is_file() and not same_rows(*map(pq.read_table, files)):
            yield f"{name}.parquet has other rows"
    for name in TEXTS:
        if (run / name).read_bytes() != (reference / name).read_bytes():
            yield f"{name} differs"
    one, other = (numbers(folder) for folder in (run, reference))
    yield from (
        f"summary.json: {key} differs" for key in one.keys() | other.keys() if one.get(key) != other.get(key)
    )
    ledger = pq.read_table(run / "ledger.parquet", columns=["image"])["image"].to_pylist()
    if len(set(ledger)) != len(ledger):
        yield "ledger.parquet has a picture twice"


def same_rows(one: pa.Table, other: pa.Table) -> bool:
    """Return whether two tables have the same rows to the last bit; what is not a number is the same, too."""
    if one.column_names != other.column_names or len(one) != len(other):
        return False
    for name in one.column_names:
        pair = [table[name].combine_chunks() for table in (one, other)]
        pair = [
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in pair
        ]
        if pa.types.is_floating(pair[0].type):
            numbers = [column.to_numpy(zero_copy_only=False) for column in pair]
            if not np.array_equal(*numbers, equal_nan=True):
                return False
        elif not pair[0].equals(pair[1]):
            return False
    return True


def numbers(run: Path) -> dict[str, object]:
    """Return what summary.json says of the pictures."""
    summary = json.loads((run / "summary.json").read_text())
    return {key: value for key, value in summary.items() if key not in UNEQUAL}
