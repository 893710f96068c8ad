"""`emocam.run`: the command's words in this process, again and again, and nothing left behind."""

import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

import emocam
from emocam.errors import SettingError
from emocam.settings.paths import resource_folder

FEW = ("data.images=8", "logger=null", "quiet=true", "~callback.report", "~callback.stability")


@pytest.fixture(autouse=True)
def apart(emocam: Callable[..., int]) -> None:
    """An empty working folder, and a store and a cache of its own."""


def test_a_run_comes_back_and_lies_where_the_words_say(tmp_path: Path) -> None:
    run = emocam.run("cam=gradcam", *FEW, "hydra.run.dir=mine")
    assert isinstance(run, emocam.Run)
    assert run.path.samefile(tmp_path / "mine")
    assert len(run.predictions) == 8
    assert run.explained


def test_a_second_run_has_its_own_settings() -> None:
    first = emocam.run("cam=gradcam", *FEW, "hydra.run.dir=first")
    second = emocam.run("+cam=centre", *FEW, "seed=3", "hydra.run.dir=second")
    assert first.summary["choices"]["cam"] == "gradcam"
    assert second.summary["choices"]["cam"] == "centre"
    assert first.path != second.path


def test_it_tracks_where_the_command_does(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    emocam.run("data.images=4", "quiet=true")
    client = MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    (tracked,) = client.search_runs([client.get_experiment_by_name("emocam").experiment_id])
    assert tracked.info.status == "FINISHED"
    assert tracked.data.metrics["done"] == 4


def test_a_sweep_gives_its_runs_in_order() -> None:
    runs = emocam.run("-m", "cam=gradcam,centre", *FEW)
    assert [run.summary["choices"]["cam"] for run in runs] == ["gradcam", "centre"]


def test_of_a_sweep_what_failed_is_warned_of() -> None:
    with pytest.warns(
        UserWarning, match=r"1 of 2 runs failed: threshold\.score must be a number in \[0, 1\]"
    ):
        (run,) = emocam.run("-m", "threshold.score=0.1,2", *FEW)
    assert run.summary["thresholds"]["score"] == 0.1


MISTAKES = {
    ("cam=gradcma",): "cam=gradcma is no option of the group cam; did you mean gradcam",
    ("threshold.importance=1.3",): r"threshold\.importance must be a number in \[0, 1\]",
    ("dta=folder",): "dta is no setting; did you mean data",
    ("cam=[",): "cannot be read as SETTING=VALUE",
    ("data=folder", "data.root=nowhere"): r"data\.root must be a folder, and there is none at nowhere",
    ("-m", "threshold.score=2,3", "logger=null"): r"threshold\.score must be a number .* got 2",
    ("open",): "open is for a terminal: emocam open; run takes the words of a run",
    ("--help",): "--help is for a terminal",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_raised_in_a_sentence(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingError, match=MISTAKES[words]):
        emocam.run(*words)
    assert capsys.readouterr().err == ""


def test_a_word_that_is_none_is_told() -> None:
    with pytest.raises(TypeError, match='run takes words such as "cam=gradcam", got list'):
        emocam.run(["cam=gradcam"])


def test_nothing_is_left_behind() -> None:
    def found() -> tuple[object, ...]:
        names = ("HYDRA_FULL_ERROR", "EMOCAM_PARENT_RUN")
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        return (*map(os.environ.get, names), *handlers, list(sys.argv), Path.cwd())

    before = found()
    emocam.run(*FEW)
    with pytest.raises(SettingError):
        emocam.run("cam=gradcma")
    assert found() == before


def test_a_hydra_of_the_caller_s_own_goes_on() -> None:
    with initialize_config_dir(str(resource_folder("conf").absolute()), version_base="1.3"):
        emocam.run(*FEW)
        assert GlobalHydra.instance().is_initialized()
        assert compose("cam/gradcam").cam.score == "logit"


def test_it_runs_in_a_thread_too() -> None:
    found: list[emocam.Run] = []
    thread = threading.Thread(target=lambda: found.append(emocam.run(*FEW)))
    thread.start()
    thread.join()
    assert len(found) == 1


def test_an_interrupted_run_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from emocam.cam.centre import Centre

    def stop(*given: object) -> None:
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Centre, "raw", stop)
        with pytest.raises(KeyboardInterrupt) as stopped:
            emocam.run("cam=centre", *FEW, "hydra.run.dir=mine")
    command = shlex.join(["python", "-m", "emocam", "cam=centre", *FEW, "hydra.run.dir=mine"])
    assert str(stopped.value).endswith(f"this goes on where it stopped:\n  {command}")
    assert len(emocam.run("cam=centre", *FEW, "hydra.run.dir=mine").predictions) == 8
