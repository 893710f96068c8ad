"""What a folder keeps of its run in the tracking store, until nothing of it is missing there."""

import contextlib
import json
import socket
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

FILE = ".tracking.json"
STEPS = ("params", "metrics", "files", "description", "status")
"""What a run is told to the store, in this order."""
Kind = Literal["run", "sweep"]


@dataclass
class TrackingRecord:
    """The run's name, its id once it has one, how it ended, and which of STEPS the store does not have yet.

    `metrics` and `told` are a sweep's numbers and lines; those of a single run are in its summary.
    """

    uri: str
    experiment: str
    name: str
    params: dict[str, Any]
    tags: dict[str, str]
    parent: str | None = None
    kind: Kind = "run"
    id: str | None = None
    ending: str | None = None
    missing: list[str] = field(default_factory=lambda: list(STEPS))
    metrics: dict[str, float] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    host: str = field(default_factory=socket.gethostname)
    since: int = field(default_factory=lambda: int(time.time() * 1000))

    def write(self, folder: Path) -> None:
        """Write it into the run's folder, whole or not at all."""
        half = folder / f"{FILE}.tmp"
        half.write_text(json.dumps(asdict(self), indent=1, default=str))
        half.replace(folder / FILE)


def read_record(folder: Path) -> TrackingRecord | None:
    """Return the record of a folder; None where nothing is missing, or the file cannot be read."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return TrackingRecord(**json.loads((folder / FILE).read_text()))
    return None


def forget_record(folder: Path) -> None:
    """Remove the record of a folder whose run is whole in the store."""
    (folder / FILE).unlink(missing_ok=True)
