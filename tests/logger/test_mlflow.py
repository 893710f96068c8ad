"""The tracking store."""

import subprocess
import sys
import time
from pathlib import Path
from threading import Barrier

import pytest
from filelock import FileLock, Timeout

from emocam.errors import SettingError
from emocam.logger.mlflow import MLflow, TrackedRun

START = """
import sys, time
from pathlib import Path
from emocam.logger.mlflow import MLflow
import mlflow.tracking
Path(sys.argv[2]).touch()
while not Path(sys.argv[3]).exists():
    time.sleep(0.01)
MLflow("sqlite:///" + sys.argv[1]).start("run", {}, {}).end("FINISHED")
"""


def test_the_store_is_touched_under_its_lock_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client makes the tables as soon as it is built."""
    locked = []

    def client(uri: str) -> None:
        try:
            FileLock(f"{tmp_path / 'mlflow.db'}.lock").acquire(timeout=0)
        except Timeout:
            locked.append(uri)

    monkeypatch.setattr("mlflow.tracking.MlflowClient", client)
    with pytest.raises(SettingError, match="cannot be used"):  # such a client knows no experiment
        MLflow(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert len(locked) == 1


@pytest.mark.slow
def test_runs_that_make_one_store_together_all_end_well(tmp_path: Path) -> None:
    go = tmp_path / "go"
    words = [sys.executable, "-c", START, str(tmp_path / "mlflow.db")]
    ready = [tmp_path / f"ready{i}" for i in range(6)]
    started = [subprocess.Popen([*words, str(file), str(go)], stderr=subprocess.PIPE) for file in ready]
    while not all(file.exists() for file in ready) and all(one.poll() is None for one in started):
        pass
    go.touch()
    ended = [one.communicate()[1].decode()[-500:] for one in started]
    assert [one.returncode for one in started] == [0] * 6, ended


def test_a_store_that_is_a_folder_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    with pytest.raises(SettingError, match=r"cannot be reached \(.*store\.db is no file"):
        MLflow(f"sqlite:///{tmp_path / 'store.db'}")


class Server:
    """Takes artifacts until one of them is called `last`, and remembers where they were put."""

    def __init__(self) -> None:
        self.taken: dict[str, str | None] = {}
        self.waiting = Barrier(2, timeout=5)

    def log_artifact(self, run: str, file: str, place: str | None) -> None:
        if Path(file).name == "last":
            raise OSError("the server went")
        if Path(file).suffix == ".pair":
            self.waiting.wait()  # nobody would come if files went one by one
        time.sleep(0.005)
        self.taken[Path(file).name] = place


def test_a_server_gets_each_file_at_its_place_and_several_at_once(tmp_path: Path) -> None:
    store = MLflow.__new__(MLflow)
    server = Server()
    store.uri, store.client = "http://127.0.0.1:1", server  # type: ignore[assignment]
    for name in ("report/a.pair", "report/inner/b.pair", "report/inner/.c", "summary.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    run = TrackedRun(store, "1")
    run.files(tmp_path, [tmp_path / "report", tmp_path / "summary.json"])
    assert server.taken == {
        "a.pair": "report",
        "b.pair": "report/inner",
        ".c": "report/inner",
        "summary.json": None,
    }
    for number in range(200):
        (tmp_path / f"{number}").touch()
    (tmp_path / "last").touch()
    server.taken.clear()
    with pytest.raises(OSError, match="went"):
        run.files(tmp_path, [tmp_path / "last", *(tmp_path / f"{number}" for number in range(200))])
    assert len(server.taken) < 200
