"""The whole way of the images, by the real command."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emocam.results.chunks import Chunks
from emocam.results.run import Run
from emocam.results.verify import folder_faults

Command = Callable[..., int]
QUICK = ("+cam=gradcam", "logger=null", "~callback.report", "data.workers=0")


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {
        name: pd.read_parquet(folder / f"{name}.parquet")
        for name in ("ledger", "predictions", "evidence", "maps")
    }


def same(one: Path, other: Path) -> None:
    """Bit by bit, but for what a batch's size may change in the last place of a sum."""
    left, right = tables(one), tables(other)
    for name in left:
        pd.testing.assert_frame_equal(left[name], right[name], rtol=1e-4, atol=1e-5)
    assert (one / "association.csv").read_bytes() == (other / "association.csv").read_bytes()


def test_a_run_leaves_what_is_promised(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam("+cam=gradcam", "data.images=12", "hydra.run.dir=run", "data.workers=0") == 0
    told = capsys.readouterr().out.splitlines()
    assert "12 images: 12 explained, 0 unreadable, 0 refused, 0 lost" in told
    assert told[-2].startswith("report ") and told[-2].endswith("report/index.html")
    assert told[-1].startswith("run ")
    promised = (
        "predictions.parquet evidence.parquet association.csv association_percent.csv labels.csv association.png "
        "report/index.html ledger.parquet summary.json truth.json .hydra/config.yaml"
    )
    assert [name for name in promised.split() if not (Path("run") / name).is_file()] == []
    evidence = pd.read_parquet("run/evidence.parquet")
    expected = ["image", "label", "confidence", "object", "score", "importance", "x0", "y0", "x1", "y1"]
    expected += ["chance", "chance_centre"]
    assert list(evidence)[: len(expected)] == expected
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["images"] == summary["done"] == 12 and summary["regions"] == len(evidence)
    assert {"imports", "build", "predict", "merge", "all"} <= set(summary["seconds"])
    assert list(folder_faults(Path("run"))) == []


def test_matrix_equals_nested_loops_over_the_evidence(emocam: Command) -> None:
    assert emocam(*QUICK, "data.images=30", "hydra.run.dir=run", "threshold.importance=0.2") == 0
    run = Run("run")
    counts = pd.read_csv("run/association.csv", index_col="object")
    assert list(counts.index) == run.object_names and list(counts.columns) == run.label_names
    for label in run.label_names:
        for object in run.object_names:
            images = 0
            for image in run.predictions[run.predictions["label"] == label]["image"]:
                rows = run.evidence[(run.evidence["image"] == image) & (run.evidence["object"] == object)]
                images += any(rows["importance"] > 0.2)
            assert counts.loc[object, label] == images
    pd.testing.assert_frame_equal(run.association(importance=0.2), counts, check_dtype=False)


def test_batches_and_workers_change_nothing(emocam: Command) -> None:
    emocam(*QUICK, "data.images=11", "hydra.run.dir=one")
    emocam(*QUICK[:-1], "data.images=11", "data.batch_size=3", "data.workers=2", "hydra.run.dir=two")
    same(Path("one"), Path("two"))


def test_without_a_cam_every_object_counts(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam("logger=null", "~callback.report", "data.images=6", "hydra.run.dir=run") == 0
    assert "add one with +cam=gradcam" in capsys.readouterr().out
    run = Run("run")
    assert run.evidence["importance"].isna().all() and not Path("run/maps.parquet").exists()
    assert (run.association().to_numpy().sum()) == len(run.evidence.drop_duplicates(["image", "object"]))


def test_one_bad_file_costs_itself_alone(emocam: Command, tmp_path: Path) -> None:
    emocam("logger=null", "callback={}", "data.images=5", "data.export=pictures", "hydra.run.dir=drawn")
    (tmp_path / "pictures" / "00002.png").write_bytes(b"no picture")
    status = emocam(*QUICK, "data=coco", "data.root=pictures", "hydra.run.dir=run")
    ledger = pd.read_parquet("run/ledger.parquet")
    assert status == 2  # one of five is more than data.max_unreadable
    assert ledger["status"].tolist() == ["done", "done", "unreadable", "done", "done"]
    assert ledger["reason"][2].startswith("UnidentifiedImageError")
    assert (
        emocam(*QUICK, "data=coco", "data.root=pictures", "data.max_unreadable=0.2", "hydra.run.dir=again")
        == 0
    )


def test_exported_world_is_read_back_to_the_same(emocam: Command) -> None:
    emocam(*QUICK, "data.images=8", "data.export=pictures", "hydra.run.dir=drawn")
    emocam(*QUICK, "data=coco", "data.root=pictures", "hydra.run.dir=read")
    drawn, read = tables(Path("drawn")), tables(Path("read"))
    for run in (drawn, read):  # what is drawn has no file
        run["ledger"] = run["ledger"].drop(columns=["digest", "facts"])
    for name in drawn:
        pd.testing.assert_frame_equal(drawn[name], read[name], rtol=1e-4, atol=1e-5)


def test_interrupted_run_goes_on_and_equals_the_uninterrupted(
    emocam: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*QUICK, "data.images=20", "data.batch_size=4")
    emocam(*words, "hydra.run.dir=whole")
    write, calls = Chunks.write, []

    def write_then_stop(self: Chunks, name: str, rows: dict) -> None:
        write(self, name, rows)
        calls.append(name)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr("emocam.predict.chunk_writer.MOST_IMAGES", 4)
        patch.setattr(Chunks, "write", write_then_stop)
        assert emocam(*words, "hydra.run.dir=run") == 143
    assert not Path("run/evidence.parquet").exists() and len(list(Path("run/shards").glob("0*"))) >= 2
    done = len(Chunks(Path("run"), "").done())
    assert 8 <= done < 20
    assert emocam(*words, "hydra.run.dir=run") == 0
    same(Path("run"), Path("whole"))
    assert emocam(*words, "hydra.run.dir=run") == 0  # and once more: it is finished, nothing is computed
    same(Path("run"), Path("whole"))


def test_folder_of_another_run_is_left_alone(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    emocam(*QUICK, "data.images=4", "hydra.run.dir=run")
    before = Path("run/evidence.parquet").read_bytes()
    assert emocam(*QUICK, "data.images=4", "seed=1", "hydra.run.dir=run") == 1
    assert "holds a run of other settings, files or code; name another folder" in capsys.readouterr().err
    assert Path("run/evidence.parquet").read_bytes() == before


@pytest.mark.slow
def test_two_processes_leave_what_one_leaves(emocam: Command) -> None:
    words = (*QUICK, "data.images=11", "data.batch_size=4")
    assert emocam(*words, "hydra.run.dir=one") == 0
    assert emocam(*words, "trainer=ddp_sim", "hydra.run.dir=two") == 0
    same(Path("one"), Path("two"))
    assert np.array_equal(pd.read_parquet("two/ledger.parquet")["image"], [f"{i:05d}.png" for i in range(11)])


def test_detections_are_found_once_for_all_methods(emocam: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    words = (*QUICK[1:], "data.images=4", "detector=haar", "cache=remembered")
    assert emocam("+cam=gradcam", *words, "hydra.run.dir=one") == 0

    def again(*given: object) -> None:
        raise AssertionError("the detector must not be asked twice about a picture")

    monkeypatch.setattr("emocam.detector.haar.Haar.forward", again)
    assert emocam("+cam=layercam", *words, "hydra.run.dir=two") == 0
    assert emocam("+cam=layercam", *words[:-1], "cache=elsewhere", "hydra.run.dir=three") == 1
    boxes = ["image", "object", "score", "x0", "y0", "x1", "y1"]
    one, two = (pd.read_parquet(f"{name}/evidence.parquet", columns=boxes) for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)


def test_a_detector_that_finds_nothing_leaves_a_page_that_says_so(
    emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("+cam=gradcam", "detector=nothing", "data.images=3", "data.workers=0", "logger=null")
    assert emocam(*words, "hydra.run.dir=run") == 0
    assert "no region was detected in any image" in capsys.readouterr().out
    assert Path("run/report/index.html").is_file() and list(folder_faults(Path("run"))) == []
