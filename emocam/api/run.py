"""`emocam.run`: the command line's words, in this process."""

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from emocam.cli.launch import Outcome, launch
from emocam.cli.main import VERBS
from emocam.cli.messages import error_sentence
from emocam.errors import SettingError
from emocam.results.run import Run
from emocam.runner import job_status
from emocam.settings.paths import resource_folder

TERMINAL = ("--help", "-h", "--version", *VERBS)


def run(*words: str) -> Run | list[Run]:
    """What `python -m emocam WORDS` does; the finished run, or of a sweep (`-m`) the list of its runs.

    A mistake is raised, not printed; a run of a sweep that fails is warned of, as long as another does not.
    """
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f'run takes words such as "cam=gradcam", got {type(word).__name__}')
        if word in TERMINAL:
            raise SettingError(f"{word} is for a terminal: emocam {word}; run takes the words of a run")
    with _hydra_as_found():
        outcome = launch(list(words), lambda error: None, time.perf_counter())
    if outcome.signal is not None:
        raise KeyboardInterrupt(outcome.resume_command)
    return _swept(outcome) if outcome.swept else _single(outcome)


def _single(outcome: Outcome) -> Run:
    if outcome.mistakes:
        raise _raised(outcome.mistakes[0])
    if outcome.folder is None:
        raise SettingError(f"the words {' '.join(outcome.words)!r} start no run")
    if not (outcome.folder / "predictions.parquet").is_file():
        raise SettingError(f"this task leaves no tables to look at; what it left is in {outcome.folder}")
    found = Run(outcome.folder)
    if outcome.status == 2:
        unused = len(found.ledger) - int((found.ledger["status"] == "done").sum())
        warnings.warn(
            f"{unused} of {len(found.ledger)} images could not be used; .ledger says why", stacklevel=3
        )
    return found


def _swept(outcome: Outcome) -> list[Run]:
    assert outcome.folder is not None
    ended = job_status.read_jobs(outcome.folder)
    finished = [
        job.folder for job in ended if job.status != 1 and (job.folder / "predictions.parquet").is_file()
    ]
    failed = [job.told for job in ended if job.status == 1]
    if not finished and outcome.mistakes:
        raise _raised(outcome.mistakes[0])
    if failed:
        warnings.warn(f"{len(failed)} of {len(ended)} runs failed: {failed[0]}", stacklevel=3)
    return [Run(folder) for folder in finished]


def _raised(error: Exception) -> Exception:
    """Mistakes in the words as a sentence, whatever Hydra called them; faults in code as they are."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, HydraException | OmegaConfBaseException):
        return SettingError(error_sentence(error, resource_folder("conf")))
    return error


@contextmanager
def _hydra_as_found() -> Iterator[None]:
    """A caller may have a Hydra of its own, and each of ours leaves its settings behind."""
    instance, config = GlobalHydra.instance(), HydraConfig.instance()
    kept, settings = instance.hydra, config.cfg
    instance.clear()
    try:
        yield
    finally:
        sys.stdout.flush()
        instance.hydra, config.cfg = kept, settings
