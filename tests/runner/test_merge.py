"""`data.shard` and `emocam merge`, by the real command: nothing tells the merged run from the whole one."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from emocam.results.run import Run
from emocam.results.verify import folder_faults
from emocam.runner.merge import merge_tables, way_of_all

Command = Callable[..., int]
# one image at a time: in a batch of another size the last digit of a sum may be another
WORDS = ("+cam=gradcam", "logger=null", "data.workers=0", "data.batch_size=1", "quiet=true", "trainer=cpu")
TIMES = ("seconds", "images_per_second")


def explain_shards(emocam: Command, *words: str, of: int) -> list[str]:
    folders = [f"shard{number}" for number in range(1, of + 1)]
    for number, folder in enumerate(folders, 1):
        assert emocam(*WORDS, *words, f"data.shard={number}/{of}", f"hydra.run.dir={folder}") == 0
    return folders


def same_run(one: Path, other: Path) -> None:
    """All files, all rows, all bytes but of what time it took."""
    files = [{f.relative_to(d).as_posix() for f in d.rglob("*") if f.is_file()} for d in (one, other)]
    assert files[0] - {".hydra/hydra.yaml"} == files[1]
    for name in sorted(files[1] - {".hydra/overrides.yaml"}):
        left, right = one / name, other / name
        if name.endswith(".parquet"):
            pd.testing.assert_frame_equal(pd.read_parquet(left), pd.read_parquet(right))
            assert pq.read_schema(left).equals(pq.read_schema(right), check_metadata=False), name
        elif name.endswith((".csv", ".png", ".webp", ".yaml")) or name.startswith("report/data/"):
            assert left.read_bytes() == right.read_bytes(), name
    assert Run(one).names == Run(other).names
    told = [json.loads((folder / "summary.json").read_text()) for folder in (one, other)]
    for summary in told:
        for key in TIMES:
            summary.pop(key)
        summary["command"] = sorted(w for w in summary["command"].split() if not w.startswith("hydra.run"))
    assert told[0] == told[1]


@pytest.mark.slow
def test_merged_shards_are_the_whole_run(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam(*WORDS, "data.images=11", "hydra.run.dir=whole") == 0
    folders = explain_shards(emocam, "data.images=11", of=3)
    capsys.readouterr()
    assert emocam("merge", *reversed(folders), "--out", "merged") == 0
    assert "11 images: 11 explained, 0 unreadable, 0 refused, 0 lost" in capsys.readouterr().out
    same_run(Path("whole"), Path("merged"))
    assert list(folder_faults(Path("merged"))) == []
    assert emocam("merge", *folders, "--out", "merged") == 0  # once more: it is there already
    same_run(Path("whole"), Path("merged"))


@pytest.mark.slow
def test_more_shards_than_pictures_and_pasting(emocam: Command) -> None:
    words = ("data.images=3", "+paste=grid", "~callback.report")
    assert emocam(*WORDS, *words, "hydra.run.dir=whole") == 0
    folders = explain_shards(emocam, *words, of=4)
    assert emocam("merge", *folders, "--out", "merged") == 0
    same_run(Path("whole"), Path("merged"))


@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_in_the_merged_ledger(
    emocam: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emocam("logger=null", "callback={}", "data.images=6", "data.export=pictures", "hydra.run.dir=drawn")
    (tmp_path / "pictures" / "00001.png").write_bytes(b"no picture")
    words = ("data=coco", "data.root=pictures", "data.max_unreadable=1", "~callback.report")
    words += ("data.annotations=pictures/instances.json",)
    assert emocam(*WORDS, *words, "hydra.run.dir=whole") == 0
    folders = explain_shards(emocam, *words, of=2)
    assert emocam("merge", *folders, "--out", "merged") == 0
    same_run(Path("whole"), Path("merged"))
    assert pd.read_parquet("merged/ledger.parquet")["status"].tolist()[1] == "unreadable"
    (tmp_path / "pictures" / "instances.json").touch()  # nothing else of it: it is the same
    picture, before = tmp_path / "pictures" / "00001.png", (tmp_path / "pictures" / "00001.png").stat()
    picture.write_bytes(b"NO PICTURE")
    os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert emocam("merge", *folders, "--out", "again") == 1
    told = "RUN shard2, shard 2/2: its pictures are not as they were when it was run: 1 changed (such as 00001.png)"
    assert told in capsys.readouterr().err
    (tmp_path / "pictures" / "instances.json").write_text(
        (tmp_path / "pictures" / "instances.json").read_text() + " "
    )
    assert emocam("merge", *folders, "--out", "again") == 1
    told = "RUN shard1, shard 1/2, was made of other annotations, weights or code than its settings name"
    assert told in capsys.readouterr().err


@pytest.fixture
def shards(emocam: Command, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The words with which a merge is refused, given which shards with which settings are run."""

    def refusal(runs: dict[str, list[str]], *merge: str) -> str:
        for folder, words in runs.items():
            few = ("logger=null", "callback={}", "data.images=4", "data.workers=0", "quiet=true")
            assert emocam(*few, *words, f"hydra.run.dir={folder}") == 0
        capsys.readouterr()
        assert emocam("merge", *(merge or runs)) == 1
        return capsys.readouterr().err

    return refusal


def test_shards_whose_networks_were_computed_by_different_ways_are_told() -> None:
    assert way_of_all([None, None]) == (None, []) and way_of_all(["folded", None, "folded"]) == ("folded", [])
    way, (note,) = way_of_all(["plain", "folded", "plain"])
    assert way == "folded, plain" and "different ways (folded, plain)" in note and "fast=false" in note


def test_a_missing_shard_is_named(shards: Callable[..., str]) -> None:
    told = shards({"a": ["data.shard=1/3"], "b": ["data.shard=3/3"]})
    assert told == (
        "1 of 3 shards missing: 2/3; run the command with data.shard=2/3, and name its folder too\n"
    )


def test_a_doubled_shard_is_named(shards: Callable[..., str]) -> None:
    runs = {"a": ["data.shard=1/2"], "b": ["data.shard=2/2"], "c": ["data.shard=1/2"]}
    assert shards(runs) == "shard 1/2 is there twice: a and c; name one\n"


def test_a_run_of_the_whole_corpus_is_no_shard(shards: Callable[..., str]) -> None:
    told = shards({"a": ["data.shard=1/2"], "b": []})
    assert told == "RUN b is no shard of a corpus: it was run without data.shard\n"


def test_shards_of_different_commands_do_not_mix(shards: Callable[..., str]) -> None:
    told = shards({"a": ["data.shard=1/2"], "b": ["data.shard=2/2", "seed=1"]})
    assert told.startswith("the shards are not of one run: ") and "is 0 in a and 1 in b" in told


def test_a_corpus_divided_in_two_ways_is_told(shards: Callable[..., str]) -> None:
    told = shards({"a": ["data.shard=1/2"], "b": ["data.shard=2/3"]})
    assert told == "the shards divide the corpus differently: a is 1/2, b is 2/3\n"


def test_an_interrupted_shard_is_told(shards: Callable[..., str], tmp_path: Path) -> None:
    shards({"a": ["data.shard=1/2"]})
    (tmp_path / "a" / "summary.json").unlink()
    told = shards({}, "a")
    assert told.startswith("RUN a, shard 1/2, is not finished; the same command with the same hydra.run.dir")


@pytest.mark.slow
def test_shards_merged_in_parts_are_the_same_matrix(
    emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = explain_shards(emocam, "data.images=11", "~callback.report", of=3)
    assert emocam("merge", *folders, "--out", "one") == 0
    assert emocam("merge", *folders, "--out", "parts", "--parts") == 0
    told = "the tables of 11 pictures stay in 3 parts, in folders of their names; --no-parts writes one file each"
    assert told in capsys.readouterr().err
    assert Path("one/cells.csv").read_bytes() == Path("parts/cells.csv").read_bytes()
    assert list(folder_faults(Path("parts"))) == []
    assert emocam("merge", *folders, "--out", "parts", "--parts") == 0  # it is there already
    words = ("task=replay", "evidence=parts", "logger=null", "quiet=true")
    assert emocam(*words, "threshold.importance=0.1", "hydra.run.dir=again") == 0
    assert list(folder_faults(Path("again"))) == []
    assert (Path("again") / "evidence.parquet" / "_manifest.json").is_file()
    assert emocam("compare", "one", "parts", "--out", "both") == 0
    similarity = pd.read_csv("both/similarity.csv", index_col=0).to_numpy()
    assert (similarity.round(9) == 1).all()


@pytest.mark.parametrize(("in_parts", "again"), [(False, True), (True, False)])
def test_tables_that_are_there_in_the_other_form_are_written_again(
    in_parts: bool, again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ledger.parquet").mkdir()
    wrote: list[str] = []
    for name in ("evidence_key", "written_key", "check_unchanged", "whole_names"):
        monkeypatch.setattr(f"emocam.runner.merge.{name}", lambda *given: "key")
    for name in ("write_parts", "write_interleaved"):
        monkeypatch.setattr(f"emocam.runner.merge.{name}", lambda *given, name=name: wrote.append(name))
    merge_tables([], SimpleNamespace(folder=tmp_path, paste=None), in_parts)  # type: ignore[arg-type]
    assert set(wrote) == ({"write_interleaved"} if again else set())
