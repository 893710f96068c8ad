"""A sweep: one parent in the tracking store, a child each run, and their comparison at the end.

Imports Hydra and the standard library only: Hydra makes a `Sweep` at every start.
"""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from emocam.errors import Carried, SettingError
from emocam.runner import job_status
from emocam.runner.shard_sweep import all_shards_in_short, asked_shards, shard_lines
from emocam.runner.shard_task import check_same_division
from emocam.settings.build import build
from emocam.system.run_lock import RunLock

if TYPE_CHECKING:
    from emocam.compare.compare import Comparison
    from emocam.logger.mlflow import Ending, MLflow
    from emocam.results.run import Run
    from emocam.runner.tracking import Tracking

PARENT = "EMOCAM_PARENT_RUN"
"""The environment variable through which jobs, in whatever process, know their parent."""


@dataclass
class OpenSweep:
    """The sweep that this process started."""

    folder: Path
    tracking: "Tracking | None"
    command: str = ""
    statuses: list[int] = field(default_factory=list)
    lock: RunLock | None = None
    finished: bool = False
    shards: list[str] = field(default_factory=list)
    """Those of a corpus that the sweep goes over."""


_opened: list[OpenSweep] = []  # not in the callback, which Hydra sends to the workers of a launcher


class Sweep(Callback):
    """Hydra only warns of a callback's errors, so they are carried past it."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        with _carried():
            begin_sweep(config)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        with _carried():
            finish_sweep(_opened[-1])


@contextmanager
def _carried() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise Carried(error) from None


def begin_sweep(config: DictConfig) -> OpenSweep:
    """Open the sweep that Hydra's settings of a multirun describe."""
    words = [str(word) for word in config.hydra.overrides.task]
    shards = asked_shards(words)
    words = [all_shards_in_short(word) for word in words]
    swept = {
        word.partition("=")[0].lstrip("+"): word.partition("=")[2]
        for word in words
        if "," in word or word.startswith("data.shard=all/")
    }
    swept |= OmegaConf.select(config, "hydra.sweeper.params") or {}  # where a study names what it sweeps
    data = "" if "data" in swept else str(config.hydra.runtime.choices.get("data"))
    allowed = list(config.allow) if any(word.startswith("allow=") for word in words) else []
    lock = RunLock(Path(config.hydra.sweep.dir).absolute(), "hydra.sweep.dir")
    lock.acquire()

    def open_store() -> "MLflow | None":
        from emocam.runner.kinds import KINDS  # heavy, and Hydra makes a sweep at every start

        store: MLflow | None = build(config.get("logger"), "logger", allowed, KINDS["logger"])
        return store

    try:
        check_same_division(lock.folder, shards)
        opened = start(open_store, lock.folder, data, ["-m", *words], swept)
    except BaseException:
        lock.release()
        raise
    opened.lock, opened.shards = lock, shards
    return opened


def start(
    open_store: "Callable[[], MLflow | None]",
    folder: Path,
    data: str,
    words: list[str],
    swept: dict[str, Any],
) -> OpenSweep:
    """Open the tracking store once, before jobs that run at the same time open it, and begin the parent run."""
    store = open_store()
    opened = OpenSweep(folder.absolute(), None, " ".join(["python -m emocam", *words]))
    job_status.forget_jobs(opened.folder)
    os.environ.pop(PARENT, None)
    _opened.append(opened)
    if store is not None:
        tags = {
            "emocam.command": opened.command,
            "mlflow.source.name": opened.command,
            "emocam.folder": str(opened.folder),
        }
        from emocam.logger.mlflow import public
        from emocam.runner.tracking import begin_run
        from emocam.runner.tracking_record import TrackingRecord

        record = TrackingRecord(
            public(store.uri), store.experiment, sweep_name(data, opened.folder), swept, tags, kind="sweep"
        )
        opened.tracking = begin_run(opened.folder, record, store)
        assert opened.tracking.record.id
        os.environ[PARENT] = opened.tracking.record.id
    return opened


def sweep_name(data: str, folder: Path) -> str:
    """Return a name such as `planted-sweep-3f2a`; `data` is empty where the sweep goes over it."""
    digits = hashlib.sha256(f"{folder}{time.time_ns()}".encode()).hexdigest()[:4]
    return "-".join([*([data] if data else []), "sweep", digits])


Conclude = Callable[["list[Run]", Path], tuple[list[str], dict[str, float]]]
"""What is made of finished runs in place of a comparison: closing lines, and numbers for the tracking store."""


def finish_sweep(opened: OpenSweep, conclude: Conclude | None = None) -> None:
    """Compare what was finished, print what failed, and send all to the parent."""
    ended = job_status.read_jobs(opened.folder)
    finished = [job for job in ended if job.status != 1 and (job.folder / "evidence.parquet").exists()]
    lines, comparison = ["", f"the sweep's {len(ended)} runs"], None
    numbers: dict[str, float] = {"runs": 0}
    if finished and conclude is not None:
        from emocam.results.run import Run

        told_of, numbers = conclude([Run(job.folder) for job in finished], opened.folder)
        lines += told_of
    elif opened.shards:  # parts of one run have nothing to be compared in
        lines += shard_lines(opened.folder, ended, opened.shards)
        numbers = {"runs": len(finished), "there": sum(job.there for job in ended)}
    elif finished:
        from emocam.compare.compare import compare
        from emocam.compare.recovery import recovered
        from emocam.results.run import Run

        comparison = compare([Run(job.folder) for job in finished], opened.folder)
        lines += comparison.lines
        lines += recovered(opened.folder)
    lines += failures(ended)
    told = lines[1:]
    lines += result_lines(opened.folder, comparison)
    if opened.tracking and (tracked := opened.tracking.tracked):
        lines.append(f"run      {tracked.id}   {tracked.store.show}")
    from emocam.system.terminal import shown

    sys.stdout.write(shown(lines))
    sys.stdout.flush()
    opened.statuses = [job.status for job in ended]
    if opened.tracking:
        numbers = comparison.numbers if comparison else numbers
        opened.tracking.record.metrics = numbers | {"failed": sum(job.status == 1 for job in ended)}
        opened.tracking.record.told = told
        opened.finished = True


def failures(ended: list[job_status.Job]) -> list[str]:
    """Return a line for each job that failed: its words, and its message."""
    own = job_status.distinguishing_words(ended) if ended else []
    failed = [(words, job.told) for words, job in zip(own, ended, strict=True) if job.status == 1]
    width = max((len(words) for words, _ in failed), default=0)
    told = [f"  {words:{width}}  {' '.join(sentence.split())}" for words, sentence in failed]
    return [f"{len(failed)} of {len(ended)} runs failed", *told] if failed else []


def result_lines(folder: Path, comparison: "Comparison | None") -> list[str]:
    """Return the lines that name the files a person opens next."""
    lines = [f"table    {folder / 'comparison.csv'}"] if comparison else []
    page = folder / "report" / "index.html"
    return [*lines, f"report   {page if page.is_file() else folder}"]


def folder() -> Path | None:
    """Return the folder of the sweep that this process started, if it did."""
    return _opened[-1].folder if _opened else None


def cut_short(error: Exception) -> SettingError | None:
    """Return the sentence of a launcher that gave up, with what is done; None where no sweep is open."""
    if not _opened or isinstance(error, SettingError):
        return None
    done = sum(job.status != 1 for job in job_status.read_jobs(_opened[-1].folder))
    of = f" of {len(_opened[-1].shards):,} shards" if _opened[-1].shards else " runs"
    reason = " ".join(str(error).split())[:160]
    return SettingError(
        f"hydra/launcher gave up ({type(error).__name__}: {reason}); {done:,}{of} are done and kept, and the same "
        f"command with hydra.sweep.dir={_opened[-1].folder} goes on, once no job of it is at work"
    )


def close(ending: "Ending") -> list[int]:
    """End the sweep of this process, if it started one, and return the statuses of its jobs.

    `ending` is for a sweep that was cut short. A job that was killed with it says nothing itself.
    """
    if not _opened:
        return []
    opened = _opened.pop()
    os.environ.pop(PARENT, None)
    try:
        return _end(opened, ending)
    finally:
        if opened.lock:
            opened.lock.release()


def _end(opened: OpenSweep, ending: "Ending") -> list[int]:
    if (tracking := opened.tracking) is None:
        return opened.statuses
    from emocam.runner.tracking import finish_tracking

    ending = "FAILED" if 1 in opened.statuses else ending
    if not opened.finished:
        tracking.fail(ending)
    elif sentence := finish_tracking(tracking, ending):
        sys.stderr.write(f"{sentence}\n")
    return opened.statuses
