"""The numbers of a run in parts are the sums of its parts', and those of the same run in one file."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from emocam.callback import stability
from emocam.callback.base import Finished
from emocam.callback.cells import cell_table
from emocam.callback.unexplained import mean_shares, summed_shares
from emocam.cells import summed
from emocam.cells.chance import chances
from emocam.cells.occurrences import LEFT_OUT, read_occurrences
from emocam.cells.outside import fullest, read_outside
from emocam.cells.summed import finite_extremes, read_sums, sums_faults
from emocam.cells.verdict import Rules
from emocam.functional.map.maps import box_means
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.thresholds import Thresholds
from emocam.results.chunks import Chunks
from emocam.results.files import METADATA, SUMMARY, SUMS, parquet
from emocam.results.merge_parts import write_parts
from emocam.results.merge_tables import ShardRun, write_interleaved
from emocam.results.part_sums import TOLD as TOLD_SUMS
from emocam.results.part_sums import summed_parts
from emocam.results.parts import copy_table
from emocam.results.run import Run
from emocam.results.tables import evidence_tables
from emocam.settings.shard import Shard

LABELS, OBJECTS = ["joy", "fear", "awe"], ["ball", "tree", "coin"]
IMAGES, OF = 46, 3
OWN = Thresholds(0.2, 0.45)
TOLD = {METADATA: json.dumps({"labels": LABELS, "objects": OBJECTS, "key": "whole", "version": ""}).encode()}


def found(images: list[int], at: int) -> dict[str, pa.Table]:
    """A step's tables; importance is the map's mean in the region, and every seventh map is flat."""
    dice = torch.Generator().manual_seed(images[0])
    image = torch.tensor(
        [row for row, number in enumerate(images) for _ in range(number % 5)], dtype=torch.int64
    )
    corners = torch.rand(2, len(image), 2, generator=dice).sort(0).values
    boxes = torch.cat([corners[0], corners[1]], 1)
    maps = torch.rand(len(images), 3, 3, generator=dice) * torch.tensor(
        [[[float(n % 7 > 0)]] for n in images]
    )
    window = torch.tensor(WHOLE).repeat(len(images), 1)
    score = torch.rand(len(image), generator=dice)
    evidence = Evidence(
        [f"{number:03d}.jpg" for number in images],
        torch.arange(len(images)) + at,
        Prediction(torch.randn(len(images), len(LABELS), generator=dice)),
        Explanation(maps, window),
        Detections(boxes, torch.randint(0, len(OBJECTS), (len(image),), generator=dice), score, image),
        box_means(maps, window, boxes, image).float(),
    )
    return evidence_tables(evidence, LABELS, OBJECTS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same run in one file and in parts, of which the last holds two pictures' chunks more than the others."""
    folder = tmp_path_factory.mktemp("shards")
    shards = []
    for number in range(1, OF + 1):
        shard = ShardRun(folder / str(number), Shard(number, OF))
        own = list(range(IMAGES))[number - 1 :: OF]
        chunks = Chunks(shard.folder, f"shard {number}")
        chunks.begin()
        for start in range(0, len(own), 5):
            rows = found(own[start : start + 5], start)
            chunks.write(f"000-{start:06d}", {name: [table] for name, table in rows.items()})
        chunks.merge(shard.folder, TOLD)
        shards.append(shard)
    one, parts = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("parts")
    for name in ("maps", "evidence", "predictions", "ledger"):
        write_interleaved(shards, name, one / parquet(name), TOLD)
        write_parts(shards, name, parts / parquet(name), TOLD)
    for run in (one, parts):
        (run / SUMMARY).write_text(json.dumps({"thresholds": vars(OWN)}))
    return one, parts


@pytest.fixture
def in_parts(folders: tuple[Path, Path], tmp_path: Path) -> Run:
    for name in ("maps", "evidence", "predictions", "ledger"):
        copy_table(folders[1] / parquet(name), tmp_path / parquet(name))
    (tmp_path / SUMMARY).write_bytes((folders[1] / SUMMARY).read_bytes())
    return Run(tmp_path)


@pytest.mark.parametrize("thresholds", [OWN, Thresholds(0.5, chance=0.4), Thresholds(1)])
def test_sums_of_parts_are_the_numbers_of_the_one_file(
    folders: tuple[Path, Path], in_parts: Run, thresholds: Thresholds
) -> None:
    one = Run(folders[0])
    if thresholds.chance is not None:  # no region has one here, so that none counts
        assert "chance" in one.columns("evidence")
    for sums in (
        read_sums(in_parts, thresholds),
        read_sums(Run(in_parts.path), thresholds),
    ):  # counted, then read
        counts, expected = sums.counts, one.counts(thresholds)
        for name in ("counts", "present", "images", "percent"):
            assert torch.equal(
                getattr(counts, name).nan_to_num(-1), getattr(expected, name).nan_to_num(-1)
            ), name
        np.testing.assert_allclose(sums.chance, chances(one, thresholds), rtol=1e-12)
        images = pd.concat(list(read_outside(one, thresholds)))
        shares = mean_shares(images[["label", "share", "area"]], LABELS)
        pd.testing.assert_frame_equal(summed_shares(sums.outside, LABELS), shares, rtol=1e-12)
        crops = [
            table.sort_values(["label", "held", "image"])[["image", "held"]]
            for table in (sums.crops, fullest(images))
        ]
        assert crops[0].to_numpy().tolist() == crops[1].to_numpy().tolist()
        whole = list(finite_extremes(one))
        for name in whole[0]:
            ends = [block[name] for block in whole]
            assert sums.extremes[name] == (min(low for low, _ in ends), max(high for _, high in ends))
        assert sums.flat == IMAGES // 7 + 1
    assert one.counts(OWN).counts.sum() > 20


def test_what_was_counted_is_not_counted_again_and_what_changed_is(
    in_parts: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    count = summed.sum_part

    def counting(part: Run, thresholds: Thresholds) -> object:
        counted.append(part.file(SUMS).name if not hasattr(part, "name") else part.name)
        return count(part, thresholds)

    monkeypatch.setattr(summed, "sum_part", counting)
    names = [f"part-{number:05d}.parquet" for number in range(1, OF + 1)]
    first = read_sums(in_parts, OWN)
    assert counted == names
    again = read_sums(Run(in_parts.path), OWN)
    assert counted == names and torch.equal(first.counts.counts, again.counts.counts)
    table = in_parts.path / parquet(SUMS)
    (table / names[1]).write_bytes(b"PAR1 no table")
    (table / names[2]).unlink()
    read_sums(Run(in_parts.path), OWN)
    assert counted[OF:] == names[1:3]
    read_sums(Run(in_parts.path), Thresholds(0.2, 0.5))
    assert counted[OF + 2 :] == names


def test_sums_of_another_shape_are_counted_again(in_parts: Run) -> None:
    expected = read_sums(in_parts, OWN).counts.counts
    faults = [{"images": [1, 2]}, {"images": [1.5, 2, 3]}, {"outside": [[1]] * 4}, {"flat": None}]
    files = [in_parts.path / parquet(SUMS) / f"part-0000{number}.parquet" for number in range(1, OF + 1)]
    for file, fault in zip([*files, files[0]], [*faults, {"extremes": {"chance": [2]}}], strict=False):
        rows = pq.read_table(file)
        told = json.loads(rows.schema.metadata[TOLD_SUMS]) | fault
        pq.write_table(rows.replace_schema_metadata({TOLD_SUMS: json.dumps(told).encode()}), file)
    assert len([1 for summed in summed_parts(in_parts, OWN) if summed.read() is None]) == OF
    assert torch.equal(read_sums(in_parts, OWN).counts.counts, expected)
    cells = pq.read_table(files[1])
    pq.write_table(pa.concat_tables([cells, cells]), files[1])  # each row twice
    assert [summed.read() is None for summed in summed_parts(in_parts, OWN)] == [False, True, False]


def test_verify_names_the_part_whose_sums_are_not_its_own(in_parts: Run) -> None:
    read_sums(in_parts, OWN)
    assert list(sums_faults(in_parts)) == []
    file = in_parts.path / parquet(SUMS) / "part-00002.parquet"
    rows = pq.read_table(file)
    kept = rows["kept"].to_pylist()
    kept[0] += 1
    changed = rows.set_column(rows.schema.get_field_index("kept"), "kept", pa.array(kept, pa.int64()))
    pq.write_table(changed, file)
    fault = "sums.parquet/part-00002.parquet: kept are not those that the part's tables give"
    assert list(sums_faults(in_parts)) == [fault]
    pq.write_table(rows.replace_schema_metadata({}), file)
    fault = "sums.parquet/part-00002.parquet holds the sums of other tables or thresholds than the run's"
    assert list(sums_faults(in_parts)) == [fault]


def test_a_run_of_one_file_keeps_sums_only_where_it_is_a_shard(folders: tuple[Path, Path]) -> None:
    one = Run(folders[0])
    assert Finished(one, None, OWN).sums is None
    counts = Finished(one, None, OWN, summed=True).counts
    assert (one.path / parquet(SUMS)).is_file() and list(sums_faults(one)) == []
    found = read_occurrences(one, OWN)
    label = np.where(found.label == LEFT_OUT, LEFT_OUT, found.label)
    expected = found.count(label, len(LABELS))
    assert np.array_equal(counts.counts, expected.kept) and np.array_equal(counts.present, expected.present)


def test_of_a_large_run_in_parts_the_first_are_drawn_from_and_compared_with_all(
    in_parts: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stability, "MOST", 20)
    finished = Finished(in_parts, None, OWN)
    read = read_occurrences(in_parts, OWN, 20)
    assert 20 <= len(read.label) < IMAGES
    stability.Stability(draws=4).on_run_end(finished)
    assert "occurrences" not in vars(finished)  # all of them are never held
    table = pd.read_csv(in_parts.path / "stability.csv")
    assert table["images"].max() == len(read.label)
    counted = read.count(read.label, len(LABELS))
    first = 100 * counted.kept / np.where(counted.images > 0, counted.images, np.nan)
    ranks = [np.nan_to_num(percent).argmax(0) for percent in (first, finished.counts.percent.numpy())]
    assert table.iloc[-1]["strongest"] == (ranks[0] == ranks[1]).mean()


def test_cells_of_a_run_in_parts_are_those_of_the_one_file(folders: tuple[Path, Path], in_parts: Run) -> None:
    tables = []
    for run in (Run(folders[0]), in_parts):
        finished = Finished(run, None, OWN)
        tables.append(cell_table(finished, Rules(), resamples=50, seed=0))
        assert ("occurrences" in vars(finished)) == (run is not in_parts)
    pd.testing.assert_frame_equal(*tables, rtol=1e-12)
