"""`emocam WORDS` in a child process that is forked, so that the heavy imports are paid once."""

import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSWER = "answer.json"
SAID = 500
"""Letters of what a process said that a fault quotes."""
QUIET = ("quiet=true", "trainer=cpu")
ROOMS = ("callback", "plot", "report", "cam", "importance", "paste", "effect", "task")
"""Of what a command may import while it runs."""


@dataclass
class Child:
    """A command that runs, in a process group of its own; its words go to files in `folder`."""

    pid: int
    folder: Path
    name: str
    most_kilobytes: int = 0
    """What it held at most, itself or a process that it waited for; known when it has ended."""

    def wait(self, seconds: float = 600) -> int | None:
        """Return the exit status, negative for a signal; None where it has not ended after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.most_kilobytes = used.ru_maxrss
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                return None
            time.sleep(0.005)

    def end(self, seconds: float = 600) -> int | None:
        """Return the exit status as `wait` does; what has not ended by then is killed."""
        status = self.wait(seconds)
        if status is None:
            self.kill()
        return status

    def kill(self) -> None:
        """Kill the command and all that it started, as hard as can be."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has just ended
            os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def fault(self, seconds: float = 600) -> str | None:
        """Return how the command ended, where that was no good way; what has not ended by then is killed."""
        status = self.end(seconds)
        return None if status == 0 else f"{self.name} ended with {status}: {self.errors[-SAID:]!r}"

    @property
    def errors(self) -> str:
        """What the command said on standard error."""
        return (self.folder / f"{self.name}.err").read_text(errors="replace")


def warm_up() -> None:
    """Import what a run imports, once, and nothing that keeps a thread or an open file."""
    import matplotlib.backends.backend_agg
    import mlflow.tracking
    import pytorch_lightning
    import scipy.stats

    import emocam.cli.main
    import emocam.runner.single

    for room in ROOMS:
        folder = Path(emocam.__file__).parent / room
        for file in sorted(folder.glob("*.py")):
            importlib.import_module(f"emocam.{room}.{file.stem}")
    _ = matplotlib, mlflow, pytorch_lightning, scipy


def start(
    folder: Path, *words: str, name: str = "command", largest: int | None = None, uri: str | None = None
) -> Child:
    """Start a command in `folder`; `largest` limits the bytes of each file that it writes, as a quota does."""

    def command() -> int:
        from hydra.core.global_hydra import GlobalHydra
        from hydra.core.hydra_config import HydraConfig

        from emocam.cli.main import answer

        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        os.environ["MLFLOW_TRACKING_URI"] = uri or f"sqlite:///{folder / 'mlflow.db'}"
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        GlobalHydra.instance().clear()
        HydraConfig.instance().cfg = None
        return answer(list(words))

    return fork(folder, command, name)


def run(folder: Path, *words: str, name: str = "command", uri: str | None = None) -> Child:
    """Run a command to its end, which must be a good one."""
    child = start(folder, *words, name=name, uri=uri)
    if (status := child.end()) != 0:
        raise RuntimeError(f"emocam {' '.join(words)}: status {status}; {child.errors[-400:]}")
    return child


def in_child(folder: Path, question: Callable[[], Any], seconds: float) -> tuple[Any, list[str]]:
    """Return what a question answers in a process of its own, with a cache and a store in `folder`.

    Where it does not end well within so many seconds the answer is None, and the fault says how it ended.
    """

    def work() -> int:
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
        (folder / ANSWER).write_text(json.dumps(question()))
        return 0

    child = fork(folder, work)
    if (fault := child.fault(seconds)) is not None:
        return None, [fault]
    return json.loads((folder / ANSWER).read_text()), []


def fork(folder: Path, work: Callable[[], int], name: str = "command") -> Child:
    """Do some work in a child process, in `folder`, whose return value is its exit status."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return Child(pid, folder, name)
    status = 70
    try:
        os.setpgid(0, 0)
        for number, ending in ((1, "out"), (2, "err")):
            opened = os.open(folder / f"{name}.{ending}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, number)
            os.close(opened)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        os.chdir(folder)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        status = work()
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)
