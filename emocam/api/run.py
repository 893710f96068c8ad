"""The function `emocam.run`: the command line's words, run in this process."""

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from emocam.cli.help import VERBS
from emocam.cli.launch import Outcome, launch
from emocam.cli.messages import error_sentence
from emocam.errors import SettingError
from emocam.results.run import Run
from emocam.runner import job_status
from emocam.settings.paths import resource_folder

TERMINAL = ("--help", "-h", "--version", *VERBS)


def run(*words: str) -> Run | list[Run]:
    """Do what `python -m emocam WORDS` does, and return the finished run, or the list of a sweep's runs (`-m`).

    A mistake is raised, not printed. If some runs of a sweep fail, a warning says so; if all fail, it is raised.
    """
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f'run takes words such as "cam=gradcam", got {type(word).__name__}')
        if word in TERMINAL:
            raise SettingError(f"{word} is for a terminal: emocam {word}; run takes the words of a run")
    with hydra_as_found():
        outcome = launch(list(words), lambda error: None, time.perf_counter())
    return _swept(outcome) if outcome.swept else finished_run(outcome)


def finished_run(outcome: Outcome) -> Run:
    """Return the run that was launched, or raise why there is none."""
    if outcome.signal is not None:
        raise KeyboardInterrupt(outcome.resume_command)
    if outcome.mistakes:
        raise _raised(outcome.mistakes[0])
    if outcome.folder is None:
        raise SettingError(f"the words {' '.join(outcome.words)!r} start no run")
    if not (outcome.folder / "predictions.parquet").exists():
        raise SettingError(f"this task leaves no tables to look at; what it left is in {outcome.folder}")
    finished = Run(outcome.folder)
    if outcome.status == 2:
        unused = len(finished.ledger) - int((finished.ledger["status"] == "done").sum())
        warnings.warn(
            f"{unused} of {len(finished.ledger)} images could not be used; .ledger says why", stacklevel=3
        )
    return finished


def _swept(outcome: Outcome) -> list[Run]:
    if outcome.signal is not None:
        raise KeyboardInterrupt(outcome.resume_command)
    assert outcome.folder is not None
    jobs = job_status.read_jobs(outcome.folder)
    finished = [
        job.folder for job in jobs if job.status != 1 and (job.folder / "predictions.parquet").exists()
    ]
    failed = [job.told for job in jobs if job.status == 1]
    if not finished and outcome.mistakes:
        raise _raised(outcome.mistakes[0])
    if failed:
        warnings.warn(f"{len(failed)} of {len(jobs)} runs failed: {failed[0]}", stacklevel=3)
    return [Run(folder) for folder in finished]


def _raised(error: Exception) -> Exception:
    """Return a mistake in the words as one sentence, whatever error of Hydra it was; faults in code as they are."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, HydraException | OmegaConfBaseException):
        return SettingError(error_sentence(error, resource_folder("conf")))
    return error


@contextmanager
def hydra_as_found() -> Iterator[None]:
    """Restore Hydra's global state at the end: a caller may use Hydra too, and a run leaves its settings."""
    instance = GlobalHydra.instance()
    config = HydraConfig.instance()
    kept, settings = instance.hydra, config.cfg
    instance.clear()
    try:
        yield
    finally:
        sys.stdout.flush()
        instance.hydra, config.cfg = kept, settings
