"""Blocks of equally many rows, whatever row groups a Parquet file has."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from emocam.results.parquet_file import open_parquet


def equal_blocks(file: Path, rows: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the file's rows, so many at a time and the rest at the end.

    Row groups end where a run was interrupted and where its batches ended, so two runs over the same
    pictures seldom have the same ones; and a reader's own batches may end at a group or go on over it.
    """
    table = open_parquet(file)
    waiting: pa.Table | None = None
    for group in range(table.num_row_groups):
        new = table.read_row_group(group, columns)
        waiting = new if waiting is None else pa.concat_tables([waiting, new]).unify_dictionaries()
        while len(waiting) >= rows:
            yield waiting.slice(0, rows)
            waiting = waiting.slice(rows)
    if waiting is not None and len(waiting):
        yield waiting
