"""A store that a process of its own fills holds what one that is filled here holds, however either ends."""

import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from PIL import Image

from emocam.errors import Interrupted, SettingError
from emocam.logger.beside import StoreBeside, StoreFault, worth_a_process
from emocam.logger.mlflow import PARENT, MLflow, TrackedCorpus, TrackedRun

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="nowhere else is a process forked for the store"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables, which take a second to make."""
    file = tmp_path_factory.mktemp("made") / "m.db"
    MLflow(f"sqlite:///{file}", "emocam")
    return file


@pytest.fixture
def uri(made: Path, tmp_path: Path) -> str:
    shutil.copyfile(made, tmp_path / "m.db")
    return f"sqlite:///{tmp_path / 'm.db'}"


@pytest.fixture
def beside(uri: str) -> Iterator[StoreBeside]:
    store = StoreBeside(uri, "emocam")
    assert store.opened()
    yield store
    store.close()


def fill(store: MLflow, folder: Path) -> TrackedRun:
    """Tell a run all that a run can be told."""
    parent = store.create("parent", {})
    run = store.start("a run", {"cam": "gradcam", "images": 3}, {"emocam.folder": str(folder)}, parent.id)
    run.metrics({"loss": 0.5}, 1)
    run.metrics({"loss": 0.25}, 2)
    assert run.has_step("loss", 2) and not run.has_step("loss", 3)
    run.note("in words")
    run.corpus(TrackedCorpus("planted", "abc", "here", 3))
    run.picture("a row", folder / "p.png")
    run.files(folder, [folder / "p.png", folder / "inner"])
    assert [running.id for running in store.running()] == [run.id]
    parent.end_children("KILLED")
    assert store.reopen(run.id).id == run.id and store.knows(run.id) and not store.knows("0" * 32)
    run.end("FINISHED")
    store.end(parent.id, "FAILED")
    return run


def held(store: MLflow, run: TrackedRun) -> dict[str, object]:
    """What the store has of a run, read by MLflow's own client."""
    client = MlflowClient(store.uri)
    found = client.get_run(run.id)
    files = sorted(f.path for f in client.list_artifacts(run.id) if not f.is_dir)
    inner = [f.path for f in client.list_artifacts(run.id, "inner")]
    rows = len(client.list_artifacts(run.id, "images"))
    tags = {key: value for key, value in found.data.tags.items() if key != PARENT}
    parent = client.get_run(found.data.tags[PARENT]).info.status
    history = [(m.step, m.value) for m in client.get_metric_history(run.id, "loss")]
    assert found.inputs is not None
    inputs = [given.dataset.digest for given in found.inputs.dataset_inputs]
    return {
        "told": (found.info.run_name, found.info.status, parent, found.data.params, tags, history, inputs),
        "files": (files, inner, rows),
        "page": run.page("p.png").rpartition("/runs/")[0],
    }


def test_what_is_told_by_way_of_the_process_is_what_is_told_here(
    beside: StoreBeside, made: Path, tmp_path: Path
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "words.txt").write_text("words")
    Image.new("RGB", (8, 6), (10, 200, 30)).save(tmp_path / "p.png")
    here = MLflow(f"sqlite:///{made}", "emocam")
    there = held(beside, fill(beside, tmp_path))
    assert there == held(here, fill(here, tmp_path))
    assert there["files"][2] == 2 and beside.show.endswith(beside.uri)  # type: ignore[index]


def test_a_store_that_cannot_be_opened_gets_the_sentence_that_it_gets_here(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as here:
        MLflow(f"sqlite:///{tmp_path}", "emocam")
    store = StoreBeside(f"sqlite:///{tmp_path}", "emocam")
    for _ in range(2):
        with pytest.raises(SettingError) as there:
            store.opened()
        assert str(there.value) == str(here.value)
    store.close()


def test_what_the_store_refuses_is_told_in_its_words_and_the_next_call_is_heard(beside: StoreBeside) -> None:
    run = beside.create("a run", {})
    run.params({"cam": "gradcam"})
    with pytest.raises(StoreFault, match="cam"):
        run.params({"cam": "lift"})  # MLflow lets no param change
    assert beside.knows(run.id)


def test_a_process_that_was_killed_is_told_at_each_call(beside: StoreBeside) -> None:
    run = beside.create("a run", {})
    os.kill(beside._process, signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(StoreFault, match="was ended"):
            run.metrics({"loss": 1.0})


def test_one_that_was_killed_before_the_store_was_open_is_none(uri: str) -> None:
    store = StoreBeside(uri, "emocam")
    os.kill(store._process, signal.SIGKILL)
    store._connection.poll(None)
    # it may have been quicker than the signal
    assert not store.opened() or store._answer is not None
    store.close()


def test_a_call_that_a_signal_cuts_short_leaves_the_next_one_its_own_answer(uri: str) -> None:
    def slowly(self: MLflow, id: str) -> bool:
        time.sleep(0.3)
        return True

    def stop(number: int, frame: object) -> None:
        raise Interrupted(number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MLflow, "knows", slowly)
        store = StoreBeside(uri, "emocam")
    assert store.opened()
    before = signal.signal(signal.SIGINT, stop)
    try:
        if os.fork() == 0:
            time.sleep(0.1)
            os.kill(os.getppid(), signal.SIGINT)
            os._exit(0)
        with pytest.raises(Interrupted):
            store.knows("0" * 32)
        assert store.create("a run", {}).id in {run.info.run_id for run in _runs(store)}
    finally:
        signal.signal(signal.SIGINT, before)
        store.close()


def _runs(store: MLflow) -> list[Run]:
    return list(MlflowClient(store.uri).search_runs([store.experiment_id]))


@pytest.mark.parametrize("opened", [True, False])
def test_the_process_ends_with_the_command_though_workers_hold_the_connection(uri: str, opened: bool) -> None:
    store = StoreBeside(uri, "emocam")
    if opened:
        assert store.opened()
    worker = os.fork()
    if worker == 0:
        time.sleep(60)
        os._exit(0)
    try:
        store.close()
        until = time.monotonic() + 5
        while _lives(store._process):
            assert time.monotonic() < until
            time.sleep(0.01)
    finally:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def test_a_server_that_does_not_answer_is_left_with_the_command() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        store = StoreBeside(f"http://127.0.0.1:{server.getsockname()[1]}", "emocam")
        server.settimeout(20)
        with server.accept()[0]:  # it is asked, and waits
            store.close()
            until = time.monotonic() + 5
            while _lives(store._process):
                assert time.monotonic() < until
                time.sleep(0.01)


def _lives(process: int) -> bool:
    try:
        return os.waitpid(process, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def test_where_mlflow_is_there_already_no_process_is_worth_while() -> None:
    assert not worth_a_process()
