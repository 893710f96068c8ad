"""Shards of any process and attempt become the same files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch

from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.picture import Refusal
from emocam.results.chunks import Chunks
from emocam.results.files import METADATA
from emocam.results.tables import evidence_tables, refusal_table

LABELS, OBJECTS = ["joy", "fear"], ["Balloon", "Tree", "Coin"]


def evidence(index: list[int]) -> Evidence:
    """Some images with 0 to 3 regions each, drawn from their own index."""
    logits, maps, regions = [], [], []
    for i, of in enumerate(index):
        generator = torch.Generator().manual_seed(of)
        logits.append(torch.randn(2, generator=generator))
        maps.append(torch.rand(4, 5, generator=generator))
        count = of % 4
        corner = torch.rand(count, 2, generator=generator) / 2
        regions.append((torch.cat([corner, corner + 0.3], 1), torch.rand(count, generator=generator), i))
    boxes = torch.cat([boxes for boxes, _, _ in regions])
    score = torch.cat([score for _, score, _ in regions])
    image = torch.cat([torch.full((len(score),), i) for _, score, i in regions])
    return Evidence(
        paths=[f"{of:03d}.png" for of in index],
        index=torch.tensor(index),
        prediction=Prediction(torch.stack(logits), {"valence": torch.tensor(index).float()}),
        explanation=Explanation(torch.stack(maps), torch.tensor([[0, 0, 1, 1]] * len(index)).float()),
        detections=Detections(boxes, (score * 3).long(), score, image.long()),
        importance=score,
        known={"truth": ["joy"] * len(index)},
        chance=1 - score,
        chance_centre=score / 2,
    )


def written(folder: Path, chunks: list[list[int]], refused: int | None = None) -> dict[str, object]:
    store = Chunks(folder, "key")
    store.begin()
    for number, index in enumerate(chunks):
        rows = {file: [table] for file, table in evidence_tables(evidence(index), LABELS, OBJECTS).items()}
        store.write(f"000-{number:06d}", rows)
    if refused is not None:
        rows = {
            "ledger": [refusal_table([Refusal(f"{refused:03d}.png", refused, "unreadable", "OSError: cut")])]
        }
        store.write("001-000000", rows)
    store.merge(folder, {METADATA: b"{}"})
    return {
        file: pq.read_table(folder / f"{file}.parquet").to_pydict()
        for file in ("ledger", "predictions", "evidence", "maps")
    }


def test_any_split_gives_the_same_files(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole", [list(range(20))], refused=20)
    for name, split in {
        "ranks": [list(range(0, 20, 2)), list(range(1, 20, 2))],
        "resumed": [list(range(5)), [9, 15], [5, 6, 7, 8], [10, 11, 12, 13, 14, 16, 17, 18, 19]],
        "single": [[i] for i in reversed(range(20))],
    }.items():
        assert written(tmp_path / name, split, refused=20) == whole
    assert whole["ledger"]["image"] == [f"{i:03d}.png" for i in range(21)]  # type: ignore[index]


def test_row_groups_of_all_files_hold_the_same_images(tmp_path: Path) -> None:
    written(tmp_path, [[0, 4, 8], [1, 2], [3, 5, 6, 7]])
    files = {name: pq.ParquetFile(tmp_path / f"{name}.parquet") for name in ("predictions", "evidence")}
    groups = files["predictions"].num_row_groups
    assert files["evidence"].num_row_groups == groups > 1
    for group in range(groups):
        images = set(files["predictions"].read_row_group(group)["image"].to_pylist())
        assert set(files["evidence"].read_row_group(group)["image"].to_pylist()) <= images


def test_logits_that_are_no_numbers_fail_their_image_alone() -> None:
    broken = evidence([0, 1, 2, 3])
    broken.prediction.logits[2, 1] = torch.nan
    found = evidence_tables(broken, LABELS, OBJECTS)
    assert found["ledger"]["status"].to_pylist() == ["done", "done", "failed", "done"]
    assert found["predictions"]["image"].to_pylist() == ["000.png", "001.png", "003.png"]
    assert set(found["evidence"]["image"].to_pylist()) == {"001.png", "003.png"}


def test_half_written_shard_does_not_count(tmp_path: Path) -> None:
    store = Chunks(tmp_path, "key")
    store.begin()
    store.write(
        "000-000000", {file: [t] for file, t in evidence_tables(evidence([0, 2]), LABELS, OBJECTS).items()}
    )
    (tmp_path / "shards" / "000-000001.tmp").mkdir()
    np.testing.assert_array_equal(store.done(), [0, 2])
    store.begin()
    assert [part.name for part in store.parts] == ["000-000000"]


def test_shards_from_before_there_was_a_chance_are_merged_with_new_ones(tmp_path: Path) -> None:
    store = Chunks(tmp_path, "key")
    store.begin()
    old, new = (evidence_tables(evidence(index), LABELS, OBJECTS) for index in ([1, 2], [3, 5]))
    old["evidence"] = old["evidence"].drop_columns(["chance", "chance_centre"])
    store.write("000", {file: [table] for file, table in old.items()})
    store.write("001", {file: [table] for file, table in new.items()})
    store.merge(tmp_path, {METADATA: b"{}"})
    chance = pq.read_table(tmp_path / "evidence.parquet")["chance"].to_numpy()
    assert np.isnan(chance).tolist() == [True] * 3 + [False] * 4


def test_without_a_map_there_is_no_chance() -> None:
    blind = replace(evidence([3]), chance=None, chance_centre=None)
    assert np.isnan(evidence_tables(blind, LABELS, OBJECTS)["evidence"]["chance"].to_numpy()).all()


def test_what_is_known_of_every_region_is_never_null(tmp_path):
    written(tmp_path, [[0, 1, 2], [3, 4]])
    schema = pq.read_schema(tmp_path / "evidence.parquet")
    assert {field.name for field in schema if field.nullable} == {"chance", "chance_centre"}
    for name in ("ledger", "predictions", "maps"):
        assert all(field.nullable for field in pq.read_schema(tmp_path / f"{name}.parquet"))


def test_a_map_that_is_no_number_fails_its_image_and_says_why() -> None:
    broken = evidence([0, 1, 2, 3])
    broken.prediction.logits[2, 1] = torch.inf
    maps = torch.rand(4, 2, 2)
    maps[1, 0, 0] = torch.nan
    broken = replace(broken, explanation=Explanation(maps, torch.tensor([WHOLE] * 4)))
    found = evidence_tables(broken, LABELS, OBJECTS)
    assert found["ledger"]["status"].to_pylist() == ["done", "failed", "failed", "done"]
    reasons = ["", "the CAM's map is not finite", "the classifier's logits are not finite", ""]
    assert found["ledger"]["reason"].to_pylist() == reasons
    for name in ("predictions", "maps"):
        assert found[name]["image"].to_pylist() == ["000.png", "003.png"]
    assert not {"001.png", "002.png"} & set(found["evidence"]["image"].to_pylist())
