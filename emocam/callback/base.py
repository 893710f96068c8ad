"""What is kept from a run: each callback reads the finished run and leaves files or numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from emocam.data.base import Data
from emocam.records.thresholds import Thresholds
from emocam.results.run import Run


@dataclass(frozen=True)
class Finished:
    """A run whose tables are complete. `data` opens its pictures, where they can still be had.

    `summary` is what is known so far: counts of the ledger, seconds, and what callbacks before
    this one found.
    """

    run: Run
    data: Data | None
    thresholds: Thresholds
    summary: dict[str, Any]

    @property
    def folder(self) -> Path:
        return self.run.path


class RunCallback(Protocol):
    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        """Further entries of the summary."""
