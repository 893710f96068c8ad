"""A tracking store that goes, is locked or full costs no run, and what it lacks can be told later."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from PIL import Image

from emocam.logger.mlflow import MLflow, TrackedRun, public
from emocam.results.verify import folder_faults
from emocam.runner.tracking import end_killed
from emocam.runner.tracking_record import TrackingRecord, read_record
from emocam.system.run_lock import LOCK, locked

Command = Callable[..., int]
SMALL = ("data.images=4", "quiet=true", "~callback.report", "data.workers=0")


@pytest.fixture
def store(tmp_path: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")


def runs(store: MlflowClient) -> list[Run]:
    experiment = store.get_experiment_by_name("emocam")
    return store.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])


def stored(store: MlflowClient, run: Run, folder: str | None = None) -> set[str]:
    found = store.list_artifacts(run.info.run_id, folder)
    return {f.path for f in found if not f.is_dir}.union(
        *(stored(store, run, f.path) for f in found if f.is_dir)
    )


def failing(step: str) -> pytest.MonkeyPatch:
    """From now on this step fails as a full disk, a locked or a lost store makes it fail."""

    def gone(*_: object) -> None:
        raise OSError(28, "No space left on device")

    patch = pytest.MonkeyPatch()
    patch.setattr(TrackedRun, step, gone)
    return patch


@pytest.mark.parametrize(
    ("step", "missing"),
    [
        ("metrics", "metrics, files, description and status"),
        ("files", "files, description and status"),
        ("note", "description and status"),
        ("end", "status"),
    ],
)
def test_a_store_that_goes_costs_nothing_and_upload_completes_it(
    emocam: Command, store: MlflowClient, step: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    patch = failing(step)
    assert emocam(*SMALL, "cam=gradcam", "hydra.run.dir=run") == 0
    patch.undo()
    said = capsys.readouterr()
    folder = Path("run").absolute()
    first = said.out.splitlines()[0]
    assert first.endswith("what drives the decisions") and f"report   {folder}" in said.out
    last = said.err.splitlines()[-1]
    assert f"does not have the run's {missing} (" in last and f"`emocam upload {folder}` completes it" in last
    assert json.loads(Path("run/summary.json").read_text())["tracking"] == last
    assert not list(folder_faults(folder))
    (run,) = runs(store)
    assert run.info.status == "RUNNING"

    assert emocam("upload", "run") == 0
    assert f"run      {run.info.run_id}" in capsys.readouterr().out
    (run,) = runs(store)
    summary = json.loads(Path("run/summary.json").read_text())
    assert run.info.status == "FINISHED" and "tracking" not in summary
    assert run.data.metrics["images"] == 4 and run.data.params["cam"] == "gradcam"
    assert "held back" in run.data.tags["mlflow.note.content"]
    here = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert {file for file in stored(store, run) if not file.startswith("images/")} == here
    assert not list(folder_faults(folder))
    assert emocam("upload", "run") == 0
    assert "nothing is missing" in capsys.readouterr().out and len(runs(store)) == 1


def test_a_locked_database_is_one_sentence(
    emocam: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lock_first(self: TrackedRun, *given: object) -> None:
        from sqlalchemy.exc import OperationalError

        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(TrackedRun, "metrics", lock_first)
    assert emocam(*SMALL, "hydra.run.dir=run") == 0
    said = capsys.readouterr()
    assert "database is locked" in said.err.splitlines()[-1] and "Traceback" not in said.err


def test_an_error_of_the_work_is_told_though_the_store_is_gone_too(
    emocam: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise ValueError("the work failed")

    monkeypatch.setattr("emocam.task.association.Association.perform", stop)
    patch = failing("end")
    assert emocam(*SMALL, "hydra.run.dir=run") == 1
    patch.undo()
    assert "emocam failed with ValueError: the work failed" in capsys.readouterr().err
    record = read_record(Path("run"))
    assert record and record.ending == "FAILED" and record.missing == ["status"]
    assert emocam("upload", "run") == 0


def test_runs_that_were_killed_hard_are_ended_by_the_next_start(
    emocam: Command, tmp_path: Path, store: MlflowClient
) -> None:
    tracking = MLflow(f"sqlite:///{tmp_path / 'mlflow.db'}")

    def begun(name: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        run = tracking.create(name, {"emocam.folder": str(folder)})
        record = TrackingRecord(public(tracking.uri), "emocam", name, {}, {}, id=run.id)
        record.write(folder)
        return run.id

    here, elsewhere, alive, other_host = (begun(name) for name in ("here", "elsewhere", "alive", "far"))
    unknown = tracking.create("unknown", {"emocam.folder": str(tmp_path / "nowhere")}).id
    far = json.loads((tmp_path / "far/.tracking.json").read_text()) | {"host": "another"}
    (tmp_path / "far/.tracking.json").write_text(json.dumps(far))
    (tmp_path / "elsewhere" / LOCK).touch()
    with locked(tmp_path / "alive"):
        assert emocam(*SMALL, "hydra.run.dir=here") == 0
    status = {run.info.run_id: run.info.status for run in runs(store)}
    assert [status.pop(id) for id in (here, elsewhere)] == ["KILLED"] * 2
    assert [status.pop(id) for id in (alive, other_host, unknown)] == ["RUNNING"] * 3
    assert list(status.values()) == ["FINISHED"] and not Path("here/.tracking.json").exists()


def test_the_next_start_ends_a_finished_run_and_does_not_forget_what_the_store_lacks(tmp_path: Path) -> None:
    tracking = MLflow(f"sqlite:///{tmp_path / 'mlflow.db'}")
    (tmp_path / "lacks").mkdir()
    run = tracking.create("lacks", {"emocam.folder": str(tmp_path / "lacks")})
    record = TrackingRecord(public(tracking.uri), "emocam", "lacks", {}, {}, id=run.id, ending="FINISHED")
    record.missing = ["files", "status"]
    record.write(tmp_path / "lacks")
    for _ in range(2):
        end_killed(tracking, tmp_path / "next")
        left = read_record(tmp_path / "lacks")
        assert left is not None and left.missing == ["files"]
    assert tracking.client.get_run(run.id).info.status == "FINISHED"


def test_a_sweep_whose_store_goes_while_it_works_is_completed_later(
    emocam: Command, store: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    create, made = MLflow.create, []

    def once(self: MLflow, *given: object) -> TrackedRun:
        made.append(given)
        if len(made) > 2:
            raise OSError("connection refused")
        return create(self, *given)  # type: ignore[arg-type]

    patch = pytest.MonkeyPatch()
    patch.setattr(MLflow, "create", once)
    patch.setattr(TrackedRun, "metrics", lambda *_: once(None))  # type: ignore[arg-type]
    assert emocam("-m", *SMALL, "cam=gradcam,uniform", "hydra.sweep.dir=swept") == 0
    patch.undo()
    said = capsys.readouterr()
    assert "the sweep's 2 runs" in said.out and "Traceback" not in said.err
    assert said.err.splitlines()[-1].endswith(f"`emocam upload {Path('swept').absolute()}` completes it")
    assert emocam("upload", "swept") == 0
    parent, *children = runs(store)
    assert parent.info.status == "FINISHED" and parent.data.metrics["runs"] == 2
    assert [child.info.status for child in children] == ["FINISHED"] * 2
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    assert {child.data.params["cam"] for child in children} == {"gradcam", "uniform"}


def test_no_link_in_a_run_brings_along_a_file_from_elsewhere(
    emocam: Command, store: MlflowClient, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    Image.new("RGB", (8, 8)).save(secret / "private.png")
    patch = failing("files")
    assert emocam(*SMALL, "hydra.run.dir=run") == 0
    patch.undo()
    for link in ("run/private.png", "run/overlays/99.png", "run/keys"):
        Path(link).symlink_to(secret if link == "run/keys" else secret / "private.png")
    assert emocam("upload", "run") == 0
    (run,) = runs(store)
    sent = stored(store, run)
    assert "summary.json" in sent and "overlays/1.png" in sent
    assert not [name for name in sent if "private" in name or "keys" in name]
    assert not [name for name in sent if name.startswith(("overlays/99", "images/overlay 99"))]


def test_no_address_is_taken_from_a_folder(
    emocam: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    record = TrackingRecord("http://127.0.0.1:9/", "emocam", "run", {}, {}, id="0" * 32, ending="FINISHED")
    record.write(folder)
    assert emocam("upload", "run") == 1
    assert (
        "was begun in the store http://127.0.0.1:9/, and MLFLOW_TRACKING_URI names" in capsys.readouterr().err
    )


def test_names_and_passwords_of_a_store_are_not_kept() -> None:
    assert public("https://me:secret@host/a@b") == "https://host/a@b"
    assert public("sqlite:////a/b@c.db") == "sqlite:////a/b@c.db"
