"""The shards of a corpus become the table of the whole, whatever their row groups are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.errors import SettingError
from emocam.results.merge_tables import ShardRun, column_in_order, write_interleaved
from emocam.settings.shard import Shard


def ledger(images: list[int]) -> pa.Table:
    return pa.table(
        {"image": pa.array([f"{i}.png" for i in images], pa.string()), "place": np.array(images, int)}
    )


def evidence(images: list[int]) -> pa.Table:
    """Of image i the remainder of i by 8 regions; every third image has none."""
    regions = [(i, n) for i in images if i % 3 for n in range(i % 8)]
    objects = pa.array([n % 3 for _, n in regions], pa.int32())
    return pa.table(
        {
            "image": pa.array([f"{i}.png" for i, _ in regions], pa.string()),
            "object": pa.DictionaryArray.from_arrays(objects, ["Ball", "Tree", "Coin"]),
            "score": np.array([i + n / 10 for i, n in regions], np.float32),
            "logits": pa.FixedSizeListArray.from_arrays(np.array(regions, np.float32).ravel(), 2),
        }
    )


def shard_runs(folder: Path, images: int, of: int, group: int) -> list[ShardRun]:
    """Runs of all shards, their row groups of `group` images."""
    found = []
    for number in range(1, of + 1):
        shard_run = ShardRun(folder / str(number), Shard(number, of))
        shard_run.folder.mkdir()
        own = list(shard_run.shard.part(range(images)))  # type: ignore[arg-type]
        for name, table in (("ledger", ledger), ("evidence", evidence)):
            with pq.ParquetWriter(shard_run.file(name), table([]).schema) as writer:
                for start in range(0, len(own), group):
                    rows = table(own[start : start + group])
                    writer.write_table(rows, row_group_size=max(1, len(rows)))
        found.append(shard_run)
    return found


@pytest.mark.parametrize(
    ("images", "of", "group", "block"),
    [(40, 3, 4, 7), (40, 1, 9, 40), (5, 8, 2, 2), (9, 2, 50, 4), (3, 3, 1, 1)],
)
def test_any_shards_give_the_whole(tmp_path: Path, images: int, of: int, group: int, block: int) -> None:
    runs = shard_runs(tmp_path, images, of, group)
    for name, table in (("ledger", ledger), ("evidence", evidence)):
        write_interleaved(runs, name, tmp_path / f"{name}.parquet", {b"emocam": b"{}"}, block)
        found = pq.read_table(tmp_path / f"{name}.parquet")
        assert found.to_pydict() == table(list(range(images))).to_pydict()
        assert found.schema.metadata[b"emocam"] == b"{}" and found["image"].type == pa.string()


@pytest.mark.parametrize("band", [1, 3, 8, 100])
@pytest.mark.parametrize("images", [0, 5, 40])
def test_a_column_is_read_in_the_order_of_the_listing(tmp_path: Path, images: int, band: int) -> None:
    runs = shard_runs(tmp_path, images, of=3, group=4)
    found = [name for part in column_in_order(runs, "image", band) for name in part.to_pylist()]
    assert found == ledger(list(range(images)))["image"].to_pylist()
    listed = [replace(run, at=np.arange(run.shard.number - 1, images, 3)) for run in runs]
    assert [n for part in column_in_order(listed, "image", band) for n in part.to_pylist()] == found


def test_row_groups_of_all_tables_hold_the_same_images(tmp_path: Path) -> None:
    runs = shard_runs(tmp_path, 40, 3, 4)
    groups = []
    for name in ("ledger", "evidence"):
        write_interleaved(runs, name, tmp_path / f"{name}.parquet", {}, 8)
        file = pq.ParquetFile(tmp_path / f"{name}.parquet")
        read = (file.read_row_group(n) for n in range(file.num_row_groups))
        groups.append(
            [{int(i.removesuffix(".png")) // 8 for i in rows["image"].to_pylist()} for rows in read]
        )
    assert groups[0] == groups[1] == [{0}, {1}, {2}, {3}, {4}]


def test_a_table_that_no_shard_has_is_not_made(tmp_path: Path) -> None:
    write_interleaved(shard_runs(tmp_path, 4, 2, 4), "maps", tmp_path / "maps.parquet", {})
    assert not list(tmp_path.glob("maps.*"))


def test_an_image_that_the_ledger_misses_is_told(tmp_path: Path) -> None:
    runs = shard_runs(tmp_path, 8, 2, 4)
    pq.write_table(ledger([0, 2]), runs[0].file("ledger"))
    with pytest.raises(SettingError, match=r"1/evidence.parquet speaks of '4.png', which the ledger"):
        write_interleaved(runs, "evidence", tmp_path / "evidence.parquet", {})
