"""How each job of a sweep ended, told in the sweep's folder: jobs may run in other processes or machines."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

FOLDER = ".jobs"


@dataclass(frozen=True)
class Job:
    """`told` is the sentence of a job whose status is 1."""

    number: int
    folder: Path
    words: list[str]
    status: int
    told: str = ""
    there: bool = False
    """Whether an earlier start of the sweep had done all of it."""


def record_status(status: int, told: str, there: bool = False) -> None:
    """Record how this job ended; do nothing outside a sweep."""
    hydra = HydraConfig.get()
    if hydra.mode == RunMode.MULTIRUN:
        folder = Path(hydra.runtime.output_dir)
        words = list(hydra.overrides.task)
        write_job(Path(hydra.sweep.dir), Job(hydra.job.num, folder, words, status, told, there))


def write_job(sweep: Path, job: Job) -> None:
    """Write a job's status to a file of its own, since jobs may end at the same time."""
    folder = sweep / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f"{job.number}.tmp"
    half.write_text(json.dumps(asdict(job), default=str))
    half.replace(folder / f"{job.number}.json")  # in one step: a job may be killed, or read, in between


def read_jobs(sweep: Path) -> list[Job]:
    """Read the jobs of a sweep in the order of their numbers."""
    written = [json.loads(file.read_text()) for file in (sweep / FOLDER).glob("*.json")]
    return sorted((Job(**{**w, "folder": Path(w["folder"])}) for w in written), key=lambda job: job.number)


def forget_jobs(sweep: Path) -> None:
    """Remove the statuses of earlier jobs before a sweep goes on in the same folder."""
    shutil.rmtree(sweep / FOLDER, ignore_errors=True)


def distinguishing_words(jobs: list[Job]) -> list[str]:
    """Return each job's words that not all jobs have; its number where there are none."""
    shared = set.intersection(*(set(job.words) for job in jobs)) if len(jobs) > 1 else set()
    return [" ".join(w for w in job.words if w not in shared) or f"run {job.number}" for job in jobs]
