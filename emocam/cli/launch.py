"""A command line's words, from Hydra's reading of them to what became of its runs.

Imports Hydra and the standard library only, so that mistakes are told at once.
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

    from emocam.logger.mlflow import Ending


@dataclass
class Outcome:
    """The exit statuses of the runs, the mistakes that were told, and the signal that stopped them.

    `folder` is that of the run, or with `swept` that of the sweep; None where none was begun.
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
        """What a person does who interrupted it."""
        if self.folder is None:
            return "interrupted before a run began"
        setting = "hydra.sweep.dir" if self.swept else "hydra.run.dir"
        words = [word for word in self.words if not word.startswith(f"{setting}=")]
        inside = self.folder.is_relative_to(Path.cwd())
        folder = self.folder.relative_to(Path.cwd()) if inside else self.folder
        command = shlex.join(["python", "-m", "emocam", *words, f"{setting}={folder.as_posix()}"])
        return f"interrupted; what is done is kept, and this goes on where it stopped:\n  {command}"


def launch(words: list[str], tell: Callable[[Exception], None], began: float) -> Outcome:
    """Runs what the words ask for; `tell` hears of each mistake, and may raise it."""
    full_error = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then hands its errors on instead of printing them
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from emocam.cli.arguments import check_words, normalise_words
    from emocam.cli.job import run_job
    from emocam.cli.messages import error_sentence
    from emocam.errors import Carried, Interrupted
    from emocam.runner import sweep
    from emocam.runner.job_status import record_status
    from emocam.settings.check import disk_full, unwritable
    from emocam.settings.experiments import register
    from emocam.settings.loader import guarded
    from emocam.settings.paths import resource_folder
    from emocam.system.memory import release_memory

    conf = resource_folder("conf")
    primary = OmegaConf.load(conf / "config.yaml")
    groups = {str(key) for entry in primary.defaults if not isinstance(entry, str) for key in entry}
    groups = {group for group in groups if group.isidentifier()}  # not `override hydra/job_logging`
    known = groups | {str(key) for key in primary if key != "defaults"}
    outcome = Outcome(words)

    def told(error: Exception) -> None:
        outcome.mistakes.append(error)
        tell(error)

    def job(cfg: "DictConfig") -> int:
        """One run; a mistake in one run of a sweep is told and leaves the others alone."""
        if not full_error:
            os.environ.pop("HYDRA_FULL_ERROR", None)  # what the run starts hands its errors to nobody
        status, saying = 1, ""
        failure: Exception | None = None
        outcome.folder = Path(HydraConfig.get().runtime.output_dir)
        try:
            status = run_job(cfg, known, began)
        except Exception as raised:
            failure = disk_full(outcome.folder, raised) or raised
            told(failure)
            saying = error_sentence(failure, conf)
        finally:
            os.environ["HYDRA_FULL_ERROR"] = "1"
        outcome.statuses.append(status)
        record_status(status, saying)
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            release_memory(failure)  # the next run of the sweep brings a network of its own
        return status

    register()
    kept = sys.argv
    ending: Ending = "FAILED"
    sys.argv = [sys.argv[0], *normalise_words(words, groups)]
    try:
        check_words(sys.argv[1:])
        with _listening(), guarded():
            hydra.main(version_base="1.3", config_path=str(conf), config_name="config")(job)()
        ending = "FINISHED"
    except (Interrupted, KeyboardInterrupt) as stop:
        ending = "KILLED"
        outcome.signal = stop.signal if isinstance(stop, Interrupted) else signal.SIGINT
    except SystemExit as left:
        outcome.statuses.append(1 if left.code else 0)
    except Carried as carried:
        told(carried.error)
    except OSError as error:  # from Hydra, which makes the folder; what a job raises is told above
        told(unwritable(Path(error.filename), error) if error.filename else error)
    except Exception as error:
        told(error)
    finally:
        sys.argv = kept
        if folder := sweep.folder():
            outcome.folder, outcome.swept = folder, True
        outcome.statuses.extend(sweep.close(ending))
        if not full_error:
            os.environ.pop("HYDRA_FULL_ERROR", None)
    return outcome


@contextmanager
def _listening() -> Iterator[None]:
    """Both signals become an exception that no `except Exception` swallows, until the work is over."""
    from emocam.errors import Interrupted

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    if threading.current_thread() is not threading.main_thread():  # Python lets no other listen
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
