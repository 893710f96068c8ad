"""The tables of shards as the parts of one table: no row is read, and none is written twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emocam.results.file_list import Entry, file_entry, read_file_list
from emocam.results.files import LEDGER, PREDICTIONS, parquet
from emocam.results.merge_tables import ShardRun
from emocam.results.parquet_file import has_table, read_footer, read_schema, write_parquet
from emocam.results.parts import (
    TablePart,
    footer_digest,
    link_or_copy,
    part_name,
    read_manifest,
    remove_table,
    replace_table,
    write_manifest,
)
from emocam.settings.shard import Shard


def write_parts(
    shard_runs: Sequence[ShardRun], name: str, target: Path, metadata: Mapping[bytes, bytes]
) -> None:
    """Make one table of those of all shards: a folder of their files, and a manifest that is written last.

    Every part with predictions stands in all tables, so that row groups of all tables hold the same images.
    """
    having = [shard_run for shard_run in shard_runs if has_table(shard_run.file(name))]
    if not having:
        remove_table(target)
        return
    alike = LEDGER if name == LEDGER else PREDICTIONS
    filled = [shard_run for shard_run in shard_runs if shard_run.rows(alike)] or [having[0]]
    half = target.with_name(f"{target.name}.tmp")
    remove_table(half)
    half.mkdir()
    parts = []
    for shard_run in filled:
        file = half / part_name(shard_run.shard.number)
        if has_table(shard_run.file(name)):
            link_or_copy(shard_run.file(name), file)
            parts.append(described_part(file, _known_digest(shard_run, name)))
        else:  # none of its pictures could be used
            write_parquet(read_schema(having[0].file(name)).empty_table(), file)
            parts.append(described_part(file))
    write_manifest(half, parts, metadata)
    replace_table(half, target)


@dataclass(frozen=True)
class PartRun(ShardRun):
    """One part of a run in parts, read as the run of a shard."""

    def file(self, name: str) -> Path:
        return self.folder / parquet(name) / part_name(self.shard.number)


def part_runs(folder: Path) -> list[PartRun]:
    """Return the parts of a run, each as a run of its own."""
    numbers = [int(file.stem.rpartition("-")[2]) for file in read_manifest(folder / parquet(LEDGER)).files]
    return [PartRun(folder, Shard(number, max(numbers))) for number in numbers]


def described_part(file: Path, sha256: str | None = None) -> TablePart:
    """Describe a file for a manifest, by its digest where that is known already."""
    footer = read_footer(file)
    entry = file_entry(file) if sha256 is None else {"sha256": sha256, "size": file.stat().st_size}
    return TablePart(
        file.name, footer.num_rows, footer.num_row_groups, entry["size"], entry["sha256"], footer_digest(file)
    )


def _known_digest(shard_run: ShardRun, name: str) -> str | None:
    """Return the digest that the shard's run wrote down of a table, if the file has still that size."""
    file = shard_run.file(name)
    entry = _listed(shard_run.folder).get(file.name)
    return entry["sha256"] if entry is not None and entry["size"] == file.stat().st_size else None


@cache
def _listed(folder: Path) -> dict[str, Entry]:
    return {
        name: entry for name, entry in (read_file_list(folder) or {}).items() if name.endswith(".parquet")
    }
