"""Shards as the parts of one table: read like the one file that the same shards make, with nothing copied."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from emocam.compare.one_order import in_one_order
from emocam.errors import SettingError
from emocam.predict.table_rewrite import rewrite_table
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.thresholds import Thresholds
from emocam.results.chunks import Chunks
from emocam.results.file_list import read_file_list, write_file_list
from emocam.results.files import FILES, METADATA
from emocam.results.merge_parts import described_part, write_parts
from emocam.results.merge_tables import ShardRun, write_interleaved
from emocam.results.parquet_file import count_rows, open_parquet, read_frame, read_parquet, read_schema
from emocam.results.parts import MANIFEST, copy_table, read_manifest, replace_table, write_manifest
from emocam.results.run import Run
from emocam.results.tables import evidence_tables
from emocam.results.verify_tables import table_faults
from emocam.settings.shard import Shard

LABELS, OBJECTS = ["joy", "fear"], ["ball", "tree", "coin"]
IMAGES, OF = 23, 4
NAMES = {METADATA: json.dumps({"labels": LABELS, "objects": OBJECTS, "key": "whole"}).encode()}
TABLES = ("ledger", "predictions", "evidence", "maps")


def found(images: list[int], at: int) -> dict[str, pa.Table]:
    """A step's tables; of each image as many regions as its number modulo 3."""
    dice = torch.Generator().manual_seed(at)
    image = torch.tensor(
        [row for row, number in enumerate(images) for _ in range(number % 3)], dtype=torch.int64
    )
    count = len(image)
    corners = torch.rand(2, count, 2, generator=dice).sort(0).values
    detections = Detections(
        torch.cat([corners[0], corners[1]], 1),
        torch.randint(0, len(OBJECTS), (count,), generator=dice),
        torch.rand(count, generator=dice),
        image,
    )
    evidence = Evidence(
        [f"{number:03d}.jpg" for number in images],
        torch.arange(len(images)) + at,
        Prediction(torch.randn(len(images), len(LABELS), generator=dice)),
        Explanation(
            torch.rand(len(images), 2, 2, generator=dice), torch.tensor(WHOLE).repeat(len(images), 1)
        ),
        detections,
        torch.rand(count, generator=dice),
    )
    return evidence_tables(evidence, LABELS, OBJECTS)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[ShardRun]:
    """Runs of the shards of a corpus, in chunks of two pictures; the last shard of all has none."""
    folder = tmp_path_factory.mktemp("shards")
    runs = []
    for number in range(1, OF + 1):
        shard = ShardRun(folder / str(number), Shard(number, OF))
        own = list(range(IMAGES))[number - 1 :: OF]
        chunks = Chunks(shard.folder, f"shard {number}")
        chunks.begin()
        for start in range(0, len(own), 2):
            rows = found(own[start : start + 2], start)
            chunks.write(f"000-{start:06d}", {name: [table] for name, table in rows.items()})
        chunks.merge(shard.folder, {METADATA: json.dumps({"key": str(number)}).encode()})
        write_file_list(shard.folder)
        runs.append(shard)
    return runs


@pytest.fixture(scope="module")
def folders(shards: list[ShardRun], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    one, parts = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("parts")
    for name in TABLES:
        write_interleaved(shards, name, one / f"{name}.parquet", NAMES)
        write_parts(shards, name, parts / f"{name}.parquet", NAMES)
    return one, parts


def by_image(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("image", kind="stable").reset_index(drop=True)


def test_parts_hold_the_rows_of_the_one_file(folders: tuple[Path, Path]) -> None:
    one, parts = folders
    for name in TABLES:
        files = [folder / f"{name}.parquet" for folder in folders]
        frames = [by_image(read_frame(file)) for file in files]
        pd.testing.assert_frame_equal(*frames)
        assert count_rows(files[0]) == count_rows(files[1])
        assert read_schema(files[0]).equals(read_schema(files[1]), check_metadata=False)
        assert read_schema(files[1]).metadata == NAMES
        assert len(pd.read_parquet(files[1])) == len(frames[0])  # as anybody reads it
    counts = [Run(folder).counts(Thresholds(0.2, 0.3)) for folder in (one, parts)]
    assert torch.equal(counts[0].counts, counts[1].counts) and counts[0].counts.sum() > 0


def test_row_groups_of_all_tables_in_parts_hold_the_same_images(folders: tuple[Path, Path]) -> None:
    opened = [open_parquet(folders[1] / f"{name}.parquet") for name in ("predictions", "maps", "evidence")]
    assert len({table.num_row_groups for table in opened}) == 1
    for group in range(opened[0].num_row_groups):
        images, maps, regions = (
            table.read_row_group(group, ["image"])["image"].to_pylist() for table in opened
        )
        assert images == maps
        assert set(regions) <= set(images)
    batches = [batch.num_rows for batch in opened[0].iter_batches(3, columns=["image"])]
    assert sum(batches) == IMAGES


def test_no_byte_of_a_shard_is_written_again(shards: list[ShardRun], folders: tuple[Path, Path]) -> None:
    manifest = read_manifest(folders[1] / "evidence.parquet")
    assert [file.stat().st_ino for file in manifest.files] == [
        shard.file("evidence").stat().st_ino for shard in shards
    ]
    listed = read_file_list(shards[0].folder)
    assert listed is not None
    assert manifest.parts[0].sha256 == listed["evidence.parquet"]["sha256"]


def test_a_shard_without_pictures_is_a_part_of_nothing(shards: list[ShardRun], tmp_path: Path) -> None:
    empty = ShardRun(tmp_path / "empty", Shard(OF + 1, OF + 1))
    empty.folder.mkdir()
    for name in ("ledger", "predictions", "evidence"):
        pq.write_table(read_parquet(shards[0].file(name)).slice(0, 0), empty.file(name))
    for name in TABLES:
        write_parts([*shards, empty], name, tmp_path / f"{name}.parquet", NAMES)
        assert len(read_manifest(tmp_path / f"{name}.parquet").parts) == OF
    assert Run(tmp_path).counts(Thresholds(0, 0)).images.sum() == IMAGES


def faults_of(folder: Path) -> list[str]:
    return list(table_faults(folder, {name: folder / f"{name}.parquet" for name in TABLES}))


@pytest.fixture
def own(folders: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the run in parts whose files are its own."""
    for name in TABLES:
        copy_table(folders[1] / f"{name}.parquet", tmp_path / f"{name}.parquet")
        for file in read_manifest(tmp_path / f"{name}.parquet").files:
            content = file.read_bytes()
            file.unlink()
            file.write_bytes(content)
    return tmp_path


def test_verify_reads_part_by_part(own: Path) -> None:
    assert not faults_of(own)
    part = own / "evidence.parquet" / "part-00002.parquet"
    pq.write_table(pq.read_table(part).slice(1), part)
    (told,) = faults_of(own)
    assert told.startswith("evidence.parquet misses regions of 1 images, such as '")
    part.write_bytes(part.read_bytes()[:-9])
    assert faults_of(own)[0].startswith("evidence.parquet/part-00002.parquet cannot be read to its end (")


def test_a_part_that_is_gone_is_told(own: Path, tmp_path: Path) -> None:
    table = own / "evidence.parquet"
    (table / "part-00002.parquet").unlink()
    opened = open_parquet(table)
    for read in (
        lambda: read_parquet(table),
        lambda: read_frame(table),
        lambda: list(opened.iter_batches(9)),
        lambda: copy_table(table, tmp_path / "copied.parquet"),
    ):
        with pytest.raises(SettingError, match=r"part-00002\.parquet is gone; `emocam merge`"):
            read()
    os.mkfifo(table / "part-00002.parquet")
    os.utime(table / MANIFEST)  # it is read once
    with pytest.raises(SettingError, match=r"names 'part-00002\.parquet', which is no file"):
        read_parquet(table)


def test_a_file_beside_the_parts_is_told(own: Path) -> None:
    table = own / "evidence.parquet"
    (table / "part-00009.parquet").write_bytes((table / "part-00002.parquet").read_bytes())
    assert faults_of(own) == [
        "evidence.parquet holds part-00009.parquet, which its _manifest.json does not name; take it out"
    ]


def test_a_picture_of_two_parts_is_told(own: Path) -> None:
    for name in TABLES:
        source, target = (own / f"{name}.parquet" / f"part-0000{part}.parquet" for part in (1, 3))
        target.write_bytes(source.read_bytes())
        manifest = read_manifest(target.parent)
        write_manifest(target.parent, [described_part(file) for file in manifest.files], manifest.metadata)
    assert faults_of(own) == ["ledger.parquet has 6 images in more than one part"]


def test_a_manifest_names_files_of_its_own_folder_alone(own: Path) -> None:
    table = own / "evidence.parquet"
    good = (table / MANIFEST).read_text()
    for name in ("../predictions.parquet/part-00001.parquet", "/etc/passwd", "other.parquet"):
        (table / MANIFEST).write_text(good.replace("part-00001.parquet", name))
        with pytest.raises(SettingError, match=f"names '{name}', which is no part of its own folder"):
            read_frame(table)
    (table / MANIFEST).write_text(good.replace("part-00001", "part-00002"))
    with pytest.raises(SettingError, match=r"names 'part-00002.parquet' more than once"):
        read_frame(table)
    (table / MANIFEST).write_text(good[:40])
    with pytest.raises(SettingError, match=r"_manifest.json is damaged .* `emocam merge` of the shards"):
        read_frame(table)
    (table / MANIFEST).write_text(good)
    part = table / "part-00001.parquet"
    part.rename(own / "elsewhere")
    part.symlink_to(own / "elsewhere")
    with pytest.raises(SettingError, match="is a link and no file of its own folder"):
        count_rows(table)


def test_a_table_in_parts_is_written_again_part_by_part(own: Path) -> None:
    table = own / "predictions.parquet"
    before = read_parquet(table)
    first = 0

    def numbered(rows: pa.Table) -> pa.Table:
        nonlocal first
        first += len(rows)
        return rows.append_column("number", pa.array(np.arange(first - len(rows), first)))

    rewrite_table(table, numbered, {METADATA: b'{"labels": []}'})
    after = read_parquet(table)
    assert after["number"].to_pylist() == list(range(IMAGES))
    assert after.drop_columns(["number"]).to_pydict() == before.to_pydict()
    assert len(read_manifest(table).parts) == OF
    assert after.schema.metadata == {METADATA: b'{"labels": []}'}


def test_one_file_takes_the_place_of_parts_and_back(folders: tuple[Path, Path], own: Path) -> None:
    rows = len(read_frame(own / "maps.parquet"))
    copy_table(folders[0] / "maps.parquet", own / "maps.parquet")
    assert (own / "maps.parquet").is_file() and count_rows(own / "maps.parquet") == rows
    copy_table(folders[1] / "maps.parquet", own / "half")
    replace_table(own / "half", own / "maps.parquet")
    assert (own / "maps.parquet").is_dir() and count_rows(own / "maps.parquet") == rows


def test_runs_to_compare_stand_in_one_order(folders: tuple[Path, Path]) -> None:
    runs = [Run(folder) for folder in folders]
    assert runs[0].ledger["image"].tolist() != runs[1].ledger["image"].tolist()
    with in_one_order(runs) as ordered:
        assert ordered[0] is runs[0]
        for name in TABLES:
            frames = [read_frame(run.file(name)) for run in ordered]
            pd.testing.assert_frame_equal(*frames)
    with in_one_order([runs[1], runs[1]]) as ordered:  # already so: nothing is written
        assert ordered[0] is runs[1] and ordered[1] is runs[1]
    assert set(TABLES) <= set(FILES)


def test_runs_that_were_divided_differently_stand_in_the_listing_s_order(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    three = [ShardRun(tmp_path / str(number), Shard(number, 3)) for number in (1, 2, 3)]
    for shard in three:
        shard.folder.mkdir()
        for name in TABLES:
            rows = read_parquet(folders[0] / f"{name}.parquet")
            own = [int(image[:3]) % 3 == shard.shard.number - 1 for image in rows["image"].to_pylist()]
            pq.write_table(rows.filter(pa.array(own)), shard.file(name))
    (tmp_path / "whole").mkdir()
    for name in TABLES:
        write_parts(three, name, tmp_path / "whole" / f"{name}.parquet", NAMES)
    runs = [Run(folders[1]), Run(tmp_path / "whole")]
    assert runs[0].ledger["image"].tolist() != runs[1].ledger["image"].tolist()
    with in_one_order(runs) as ordered:
        for name in TABLES:
            one = read_frame(folders[0] / f"{name}.parquet")
            for run in ordered:
                pd.testing.assert_frame_equal(read_frame(run.file(name)), one)


def edited(folder: Path, table: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what the manifest of a table says."""
    file = folder / f"{table}.parquet" / MANIFEST
    told = json.loads(file.read_text())
    change(told)
    file.write_text(json.dumps(told))


def replaced(folder: Path) -> None:
    """Put other rows of the same file size into a part, as far as a footer of other bounds allows."""
    part = folder / "evidence.parquet" / "part-00002.parquet"
    rows = pq.read_table(part)
    column = rows.schema.get_field_index("importance")
    other = pa.array(np.linspace(0.9, 0.1, len(rows)), rows.schema.field(column).type)
    pq.write_table(rows.set_column(column, rows.schema.field(column), other), part)
    edited(folder, "evidence", lambda told: told["parts"][1].update(size=part.stat().st_size))


def dropped(folder: Path) -> None:
    """Leave a part out of one table."""
    edited(folder, "evidence", lambda told: told["parts"].pop())
    (folder / "evidence.parquet" / f"part-{OF:05d}.parquet").unlink()


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a part of another run": (replaced, "part-00002.parquet is not the part that was written"),
    "a part of another size": (
        lambda folder: edited(folder, "evidence", lambda told: told["parts"][0].update(size=7)),
        "part-00001.parquet is not the part that was written",
    ),
    "a table of fewer parts": (dropped, "evidence.parquet has other parts than"),
    "a part that is left out": (
        lambda folder: edited(folder, "evidence", lambda told: told["parts"].pop()),
        "holds part-0000[0-9].parquet, which its _manifest.json does not name",
    ),
    "a table in another order": (
        lambda folder: edited(folder, "evidence", lambda told: told["parts"].reverse()),
        "evidence.parquet has other parts than",
    ),
    "other numbers of rows": (
        lambda folder: edited(folder, "evidence", lambda told: told["parts"][1].update(rows=1)),
        "says 1 rows of part-00002.parquet",
    ),
    "other numbers of row groups": (
        lambda folder: edited(folder, "evidence", lambda told: told["parts"][1].update(row_groups=7)),
        "says [0-9]+ rows of part-00002.parquet, in 7 groups",
    ),
    "numbers below nothing": (
        lambda folder: edited(folder, "evidence", lambda told: told["parts"][0].update(rows=-1)),
        "_manifest.json is damaged",
    ),
    "a manifest without end": (
        lambda folder: (folder / "evidence.parquet" / MANIFEST).write_text("[" * 100_000),
        "_manifest.json is damaged",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_no_row_is_read_of_parts_that_are_others(own: Path, what: str) -> None:
    change, sentence = TAMPERED[what]
    change(own)
    with pytest.raises(SettingError, match=sentence):
        table = open_parquet(Run(own).file("evidence"))
        for group in range(table.num_row_groups):
            table.read_row_group(group)
