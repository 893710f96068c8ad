"""A disk that is full at five points: one sentence, what is done is kept, and the same command then ends well."""

from pathlib import Path
from typing import Any

from child import QUIET, start, warm_up
from equal import differences
from steps import Part

WORDS = (
    *QUIET,
    "cam=gradcam",
    "data.images=80",
    "data.workers=0",
    "logger=null",
    "cache=null",
    "hydra.run.dir=run",
)
POINTS = ("maps.parquet", "evidence.parquet", "predictions.parquet", "cells.parquet", "summary.html")
"""Files that do not fit any more: no file may have as many bytes as this one of the undisturbed run."""


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Let one file, and each that is as large, not fit; then make room."""
    warm_up()
    reference = shared / "undisturbed"
    if not (reference / "run" / "files.json").is_file():
        reference.mkdir(exist_ok=True)
        if start(reference, *WORDS).wait() != 0:
            raise RuntimeError("the undisturbed run did not end well")
    point = POINTS[number % len(POINTS)]
    child = start(folder, *WORDS, largest=(reference / "run" / point).stat().st_size - 1)
    status, errors = child.wait(), child.errors
    faults = []
    lines = [line for line in errors.splitlines() if line and "images/s" not in line]
    if status != 1 or len(lines) != 1 or "no more can be written" not in errors:
        faults.append(f"{point}: ended with {status} and {errors[-400:]!r}")
    again = start(folder, *WORDS)
    if (status := again.wait()) != 0:
        faults.append(f"{point}: with room again it ended with {status}: {again.errors[-300:]!r}")
    else:
        faults += [f"{point}: {fault}" for fault in differences(folder / "run", reference / "run")]
    return {"full disks": 1, "told in one sentence": int(not faults), "faults": faults}


PART = Part(step, 5)
