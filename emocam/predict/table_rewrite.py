"""A table of a finished run, written again with other columns or rows."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from emocam.results.merge_parts import described_part
from emocam.results.parquet_file import open_parquet, parquet_writer
from emocam.results.parts import is_in_parts, read_manifest, remove_table, replace_table, write_manifest
from emocam.results.tables import parquet_options


def rewrite_table(file: Path, change: Callable[[pa.Table], pa.Table], metadata: dict[bytes, bytes]) -> None:
    """Write a table again, row group by row group, since all tables of a run have the same pictures in each."""
    if is_in_parts(file):
        _rewrite_parts(file, change, metadata)
        return
    half = file.with_suffix(".tmp")
    _write_changed(file, half, change, metadata)
    half.replace(file)


def _rewrite_parts(table: Path, change: Callable[[pa.Table], pa.Table], metadata: dict[bytes, bytes]) -> None:
    """Write each part of a table again, in their order; the table is the old one until all of them are there."""
    half = table.with_name(f"{table.name}.tmp")
    remove_table(half)
    half.mkdir()
    manifest = read_manifest(table)
    for file in manifest.files:
        _write_changed(file, half / file.name, change, metadata)
    write_manifest(half, [described_part(half / file.name) for file in manifest.files], metadata)
    replace_table(half, table)


def _write_changed(
    file: Path, half: Path, change: Callable[[pa.Table], pa.Table], metadata: dict[bytes, bytes]
) -> None:
    writer: pq.ParquetWriter | None = None
    try:
        for rows in _row_groups(file):
            changed = change(rows).replace_schema_metadata(metadata)
            writer = writer or parquet_writer(half, changed.schema, **parquet_options(changed.schema))
            writer.write_table(changed, row_group_size=max(1, len(changed)))
    finally:
        if writer:
            writer.close()


def _row_groups(file: Path) -> Iterator[pa.Table]:
    table = open_parquet(file)
    if not table.num_row_groups:
        yield table.read()
    for group in range(table.num_row_groups):
        yield table.read_row_group(group)
