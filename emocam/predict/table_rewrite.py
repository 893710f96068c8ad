"""A table of a finished run, written again with other columns or rows."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from emocam.results.parquet_file import open_parquet, parquet_writer
from emocam.results.tables import parquet_options


def rewrite_table(file: Path, change: Callable[[pa.Table], pa.Table], metadata: dict[bytes, bytes]) -> None:
    """Write a table again, row group by row group, since all tables of a run have the same pictures in each."""
    half = file.with_suffix(".tmp")
    writer: pq.ParquetWriter | None = None
    try:
        for rows in _row_groups(file):
            changed = change(rows).replace_schema_metadata(metadata)
            writer = writer or parquet_writer(half, changed.schema, **parquet_options(changed.schema))
            writer.write_table(changed, row_group_size=max(1, len(changed)))
    finally:
        if writer:
            writer.close()
    half.replace(file)


def _row_groups(file: Path) -> Iterator[pa.Table]:
    table = open_parquet(file)
    if not table.num_row_groups:
        yield table.read()
    for group in range(table.num_row_groups):
        yield table.read_row_group(group)
