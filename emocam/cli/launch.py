"""The launch of a command line: its words are read by Hydra, its runs are run, their outcome is returned.

Only Hydra and the standard library are imported, so that mistakes are reported at once.
"""

import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from emocam.cli.job import Verb
    from emocam.logger.mlflow import Ending


@dataclass
class Outcome:
    """The exit statuses of the runs, the mistakes that were reported, and the signal that stopped them.

    `folder` is that of the run, or with `swept` that of the sweep; None where no run was begun.
    """

    words: list[str]
    statuses: list[int] = field(default_factory=list)
    mistakes: list[Exception] = field(default_factory=list)
    folder: Path | None = None
    swept: bool = False
    signal: int | None = None

    @property
    def status(self) -> int:
        """The exit status of the command."""
        if self.signal is not None:
            return 128 + self.signal
        return 1 if self.mistakes or 1 in self.statuses else max(self.statuses, default=0)

    @property
    def resume_command(self) -> str:
        """The command that resumes the run, in a sentence."""
        if self.folder is None:
            return "interrupted before a run began"
        setting = "hydra.sweep.dir" if self.swept else "hydra.run.dir"
        words = [word for word in self.words if not word.startswith(f"{setting}=")]
        inside = self.folder.is_relative_to(Path.cwd())
        folder = self.folder.relative_to(Path.cwd()) if inside else self.folder
        command = shlex.join(["python", "-m", "emocam", *words, f"{setting}={folder.as_posix()}"])
        return f"interrupted; what is done is kept, and this goes on where it stopped:\n  {command}"


@dataclass
class _Jobs:
    """The jobs of one command line; `known` are the names at the top of the settings.

    `report` is called with each mistake, and may raise it. `full_error` says that the user asked for
    HYDRA_FULL_ERROR.
    """

    outcome: Outcome
    report: Callable[[Exception], None]
    conf: Path
    known: set[str]
    began: float
    full_error: bool
    verb: "Verb | None" = None

    def fail(self, error: Exception) -> None:
        """Keep a mistake in the outcome, and report it."""
        self.outcome.mistakes.append(error)
        self.report(error)

    def run(self, cfg: "DictConfig") -> int:
        """Run one job; a mistake in one run of a sweep is reported and leaves the others alone."""
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        from emocam.cli.job import run_job
        from emocam.cli.messages import error_sentence
        from emocam.runner.job_status import record_status
        from emocam.settings.check import disk_full
        from emocam.system.memory import release_memory

        if not self.full_error:
            os.environ.pop("HYDRA_FULL_ERROR", None)  # it is for Hydra alone, not for what the run starts
        status, there = 1, False
        sentence = ""
        failure: Exception | None = None
        self.outcome.folder = Path(HydraConfig.get().runtime.output_dir)
        try:
            status, there = run_job(cfg, self.known, self.began, self.verb)
        except Exception as raised:
            failure = disk_full(self.outcome.folder, raised) or raised
            self.fail(failure)
            sentence = error_sentence(failure, self.conf)
        finally:
            os.environ["HYDRA_FULL_ERROR"] = "1"
        self.outcome.statuses.append(status)
        record_status(status, sentence, there)
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            release_memory(failure)  # the next run of the sweep loads a network of its own
        return status


def launch(
    words: list[str], tell: Callable[[Exception], None], began: float, verb: "Verb | None" = None
) -> Outcome:
    """Run what the words ask for, or a verb with what they compose; `tell` gets each mistake, and may raise it."""
    full_error = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises its errors instead of printing them
    from omegaconf import OmegaConf

    from emocam.cli.arguments import normalise_words
    from emocam.runner import sweep
    from emocam.settings.experiments import register
    from emocam.settings.paths import resource_folder

    conf = resource_folder("conf")
    primary = OmegaConf.load(conf / "config.yaml")
    groups = {str(key) for entry in primary.defaults if not isinstance(entry, str) for key in entry}
    groups = {group for group in groups if group.isidentifier()}  # not `override hydra/job_logging`
    known = groups | {str(key) for key in primary if key != "defaults"}
    outcome = Outcome(words)

    register()
    kept = sys.argv
    ending: Ending = "FAILED"
    sys.argv = [sys.argv[0], *normalise_words(words, groups)]
    try:
        ending = _run_with_hydra(_Jobs(outcome, tell, conf, known, began, full_error, verb))
    finally:
        sys.argv = kept
        if folder := sweep.folder():
            outcome.folder, outcome.swept = folder, True
        outcome.statuses.extend(sweep.close(ending))
        if not full_error:
            os.environ.pop("HYDRA_FULL_ERROR", None)
    return outcome


def _run_with_hydra(jobs: _Jobs) -> "Ending":
    """Let Hydra read sys.argv and run the jobs, and return how they ended; mistakes are reported."""
    import hydra

    from emocam.cli.arguments import check_words
    from emocam.errors import Carried, Interrupted
    from emocam.runner import sweep
    from emocam.settings.check import unwritable
    from emocam.settings.loader import guarded

    def job(cfg: "DictConfig") -> int:  # Hydra reads its task's name off a plain function's file
        return jobs.run(cfg)

    try:
        check_words(sys.argv[1:])
        with _listening(), guarded():
            hydra.main(version_base="1.3", config_path=str(jobs.conf), config_name="config")(job)()
        return "FINISHED"
    except (Interrupted, KeyboardInterrupt) as stop:
        jobs.outcome.signal = stop.signal if isinstance(stop, Interrupted) else signal.SIGINT
        return "KILLED"
    except SystemExit as left:
        jobs.outcome.statuses.append(1 if left.code else 0)
    except Carried as carried:
        jobs.fail(carried.error)
    except OSError as error:  # from Hydra, which makes the folder; what a job raises was reported by then
        jobs.fail(unwritable(Path(error.filename), error) if error.filename else error)
    except Exception as error:
        jobs.fail(sweep.cut_short(error) or error)
    return "FAILED"


@contextmanager
def _listening() -> Iterator[None]:
    """Turn both signals into an exception that no `except Exception` catches, until the work is over."""
    from emocam.errors import Interrupted

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    if (
        threading.current_thread() is not threading.main_thread()
    ):  # Python allows no other thread to handle signals
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
