"""What a person sees while a run goes on: on a terminal, in a file, quietly, and interrupted."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from emocam.predict import progress
from emocam.predict.progress import ShowProgress, forecast, line

pty = pytest.importorskip("pty")
ROOT = Path(__file__).parents[2]
TRAINER = SimpleNamespace(is_global_zero=True, world_size=1)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def walk(images: int, batch: int, done: int = 0, quiet: bool = False) -> None:
    shown = ShowProgress(images, done, quiet)
    shown.on_predict_start(TRAINER, None)  # type: ignore[arg-type]
    for start in range(done, images, batch):
        shown.on_predict_batch_end(
            TRAINER,
            None,
            None,
            SimpleNamespace(images=min(batch, images - start)),
            0,  # type: ignore[arg-type]
        )
    shown.on_predict_end(TRAINER, None)  # type: ignore[arg-type]


def test_a_file_gets_a_line_each_tenth(capsys):
    walk(1000, batch=8)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert re.fullmatch(r"104 of 1,000 images, [\d.]+ images/s, \d+:\d\d left", lines[0])
    assert re.fullmatch(r"1,000 of 1,000 images, [\d.]+ images/s", lines[-1])


def test_a_run_that_goes_on_tells_the_tenths_that_are_left(capsys):
    walk(100, batch=5, done=70)
    assert [said.split(" of ")[0] for said in capsys.readouterr().err.splitlines()] == ["80", "90", "100"]


def test_colours_wanted_by_the_environment_make_no_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    walk(10, batch=5)
    assert "\x1b" not in capsys.readouterr().err


def test_quiet_is_quiet(capsys):
    walk(100, batch=5, quiet=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("count", "images", "speed", "said"),
    [
        (120, 400, 25.0, "120 of 400 images, 25.0 images/s, 0:11 left"),
        (10, 26_000, 2.0, "10 of 26,000 images, 2.0 images/s, 3:36:35 left"),
        (400, 400, 25.0, "400 of 400 images, 25.0 images/s"),
    ],
)
def test_the_time_left_is_told(count, images, speed, said):
    assert line(count, images, speed) == said


@pytest.mark.parametrize(
    ("images", "speed", "said"),
    [
        (400, 0.25, "about 27 minutes for 400 images; take another"),
        (26_000, 0.25, "about 29 hours for 26,000 images; take another"),
        (400, 2.0, ""),
    ],
)
def test_what_a_long_run_will_take_is_told_beforehand(images, speed, said):
    assert forecast(images, speed, "take another") == said
    assert forecast(images, speed) == said.removesuffix("; take another")


def test_it_is_told_once_after_the_first_batch(capsys, monkeypatch):
    clock = iter(range(0, 10_000, 60))
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    walk(100, batch=5, done=50)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "about 10 minutes for 50 images" and sum("minutes" in said for said in lines) == 1


class Terminal:
    """A command on a terminal of its own, and all that it shows there."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.end, other = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"}
        environment.pop("FORCE_COLOR", None)
        command = [sys.executable, "-m", "emocam", *words]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=other, stderr=other, start_new_session=True
        )
        os.close(other)
        self.seen = ""

    def until(self, pattern: str | None, seconds: float = 300) -> str:
        """What it showed till the pattern came, or till its end."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and not (pattern and re.search(pattern, self.text)):
            if not select.select([self.end], [], [], 0.2)[0]:
                continue
            try:
                more = os.read(self.end, 65536)
            except OSError:  # the other end was closed
                break
            self.seen += more.decode(errors="replace")
            if not more:
                break
        return self.text

    @property
    def text(self) -> str:
        return ESCAPES.sub("", self.seen)


@pytest.mark.slow
def test_on_a_terminal_there_is_a_bar_and_ctrl_c_says_how_to_go_on(tmp_path):
    words = ("cam=gradcam", "data.images=300", "data.batch_size=4", "data.workers=0", "logger=null")
    shell = Terminal(tmp_path, *words)
    shown = shell.until(r"\d+/300.* images/s.* left +0:0")
    assert re.search(r"explaining .*\d+/300 [\d.]+ images/s 0:00:\d\d left 0:0", shown), shown[-500:]
    os.kill(shell.process.pid, signal.SIGINT)
    said = shell.until(None)
    assert shell.process.wait(60) == 130
    found = re.search(r"this goes on where it stopped:\s+python -m emocam (.*)", said)
    assert found and "Traceback" not in said, said[-500:]
    assert found[1].split()[:-1] == list(words)
    on = Terminal(tmp_path, *found[1].split())
    ended = on.until(None)
    assert on.process.wait(60) == 0
    # the bar begins where the first one stopped
    assert int(re.search(r"(\d+)/300", ended)[1]) >= 4
    assert "300 images: 300 explained, 0 unreadable, 0 refused, 0 lost" in ended
