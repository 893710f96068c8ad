"""A tracking store that a process of its own opens and fills, beside the imports and the work of the command.

Importing MLflow takes more than a second of one core, and a server answers when it likes. The process is forked
before anything heavy is imported, so that it is small and holds no thread; both run only where there are two cores.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from emocam.errors import SettingError
from emocam.logger.mlflow import MLflow, RunningRun, TrackedCorpus, TrackedRun, absolute
from emocam.system.cores import cores
from emocam.system.memory import collect_again

SIGNALS = (signal.SIGINT, signal.SIGTERM)
WATCH = 2.0
"""Seconds after which the process looks whether its command is still there: workers keep the connection open, too."""
PATIENCE = 1.0
"""Seconds that the process has to end."""


class StoreFault(Exception):
    """What the store answered in place of a result, in its own words."""


class StoreBeside(MLflow):
    """A store that is opened and asked in a process of its own; `opened` waits for it, and is called first."""

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri, self.experiment = absolute(uri), experiment
        self._asked = 0
        self._answer: tuple[bool, str] | None = None
        ours, theirs = Pipe()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # else both processes would write what waits
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # else Ctrl-C might end the command twice
        try:
            self._process = os.fork()
            if self._process == 0:
                ours.close()
                _serve(theirs, uri, experiment)
            theirs.close()
            self._connection = ours
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def opened(self) -> bool:
        """Wait until the store is open, and say whether it is; where the process is gone it never will be.

        A store that cannot be opened is an error, in the same sentence as without the process.
        """
        try:
            if self._answer is None:
                self._answer = self._receive()
        except (EOFError, OSError):
            return False
        is_open, told = self._answer
        if not is_open:
            raise SettingError(told)
        self.experiment_id = told
        return True

    def is_of(self, uri: str, experiment: str) -> bool:
        """Return whether this is the store and the experiment that are named."""
        return (self.uri, self.experiment) == (absolute(uri), experiment)

    def close(self) -> None:
        """Let the process go: one that still imports is ended, one that makes the store ends by itself."""
        with contextlib.suppress(OSError):  # it ended before
            with _signals_later():
                self._connection.send(None)  # that the connection is closed, workers would hide
            self._connection.close()
            if self._answer is None:
                os.kill(self._process, signal.SIGTERM)
                return
            until = time.monotonic() + PATIENCE
            while os.waitpid(self._process, os.WNOHANG) == (0, 0):
                if time.monotonic() > until:  # in a call that a signal had cut short
                    os.kill(self._process, signal.SIGKILL)
                time.sleep(0.002)

    def ask(self, run: str | None, name: str, *given: object) -> Any:
        """Run a method of the store, or of one of its runs, in the process, and return what it returns."""
        self._asked += 1
        try:
            with _signals_later():
                self._connection.send((self._asked, run, name, given))
            while (answer := self._receive())[0] != self._asked:
                pass  # of a call that a signal had cut short
        except (EOFError, OSError):
            raise StoreFault("the process that writes to it was ended") from None
        _, done, result = answer
        if not done:
            raise StoreFault(result)
        return result

    def _receive(self) -> Any:
        self._connection.poll(None)
        with _signals_later():
            return self._connection.recv()

    def create(self, name: str, tags: Mapping[str, str], parent: str | None = None) -> TrackedRun:
        return RunBeside(self, self.ask(None, "create", name, dict(tags), parent))

    def reopen(self, id: str) -> TrackedRun:
        return RunBeside(self, self.ask(None, "reopen", id))

    def knows(self, id: str) -> bool:
        return bool(self.ask(None, "knows", id))

    def running(self) -> list[RunningRun]:
        return list(self.ask(None, "running"))

    def end(self, id: str, status: str) -> None:
        self.ask(None, "end", id, status)


class RunBeside(TrackedRun):
    """One run of a store that is filled by a process of its own."""

    def _ask(self, name: str, *given: object) -> Any:
        assert isinstance(self.store, StoreBeside)
        return self.store.ask(self.id, name, *given)

    def params(self, params: Mapping[str, object]) -> None:
        self._ask("params", dict(params))

    def metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        self._ask("metrics", dict(metrics), step)

    def has_step(self, name: str, step: int) -> bool:
        return bool(self._ask("has_step", name, step))

    def tags(self, tags: Mapping[str, str]) -> None:
        self._ask("tags", dict(tags))

    def corpus(self, corpus: TrackedCorpus) -> None:
        self._ask("corpus", corpus)

    def picture(self, key: str, file: Path) -> None:
        self._ask("picture", key, file)

    def files(self, folder: Path, files: list[Path]) -> None:
        self._ask("files", folder, files)

    def end_children(self, status: str) -> None:
        self._ask("end_children", status)

    def end(self, status: str) -> None:
        self._ask("end", status)


def worth_a_process() -> bool:
    """Return whether a process of its own gains time here, and may be forked: on Linux, before any thread is there.

    Elsewhere libraries of the system do not bear a fork; MLflow that is imported already costs nothing more.
    """
    return (
        sys.platform == "linux"
        and cores() > 1
        and threading.active_count() == 1
        and not {"mlflow", "torch"} & sys.modules.keys()
    )


def _serve(connection: Connection, uri: str, experiment: str) -> NoReturn:
    """Open the store, say so, and answer until the command closes the connection or is gone."""
    status = 1
    try:
        parent = os.getppid()
        # Ctrl-C reaches all processes of a terminal: it is the command that says then what becomes of the run
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        _import(uri)
        if not uri.startswith("http"):  # a server that does not answer is left at once
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a store that is half made would stay so
        if os.getppid() == parent and not connection.poll():  # else the command has ended by now
            _answer_all(connection, _open(connection, uri, experiment), parent)
        status = 0
    except (EOFError, OSError):  # the command is gone
        status = 0
    finally:
        os._exit(status)


def _import(uri: str) -> None:
    import mlflow.tracking

    if uri.startswith("sqlite:"):
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401


def _open(connection: Connection, uri: str, experiment: str) -> MLflow | None:
    """Open the store and send whether it is, with the experiment's id or the sentence on what is wrong."""
    try:
        store = MLflow(uri, experiment)
    except SettingError as error:
        connection.send((False, str(error)))
        return None
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is told what becomes of the run
    collect_again()
    connection.send((True, store.experiment_id))
    return store


def _answer_all(connection: Connection, store: MLflow | None, parent: int) -> None:
    while store is not None:
        while not connection.poll(WATCH):
            if os.getppid() != parent:
                return
        if (asked := connection.recv()) is None:
            return
        number, run, name, given = asked
        try:
            result = getattr(store if run is None else TrackedRun(store, run), name)(*given)
        except Exception as error:  # of MLflow, its database's driver, the network or the disk
            connection.send((number, False, " ".join(str(error).split()) or type(error).__name__))
            continue
        connection.send((number, True, result.id if isinstance(result, TrackedRun) else result))


@contextmanager
def _signals_later() -> Iterator[None]:
    """Hold signals back until a message is whole: after half of one nothing more would be understood."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept: list[tuple[int, FrameType | None]] = []
    before = {number: signal.signal(number, lambda *given: kept.append(given)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for sent, frame in kept:
            if callable(handler := before[signal.Signals(sent)]):
                handler(sent, frame)
