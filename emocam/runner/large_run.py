"""What the tracking store gets of a large run: numbers, the summary and a link, since the rest is for a disk."""

from pathlib import Path

from emocam.results.files import FILES, LEDGER, SUMS, parquet
from emocam.results.parts import is_in_parts

LARGE = 1 << 30
"""Bytes of a run from which on its tables and its page stay where they are."""
KEPT_BACK = (*map(parquet, (*FILES, SUMS)), "report", "overlay.mp4", "flips", "prescription")
"""The tables, and what has a file a picture."""


def is_large(folder: Path) -> bool:
    """Return whether a run's tables are in parts, or its files have more than a GiB together."""
    if is_in_parts(folder / parquet(LEDGER)):
        return True
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) > LARGE


def stays(folder: Path) -> str:
    """Return the sentence on where the rest of a large run is."""
    return (
        "the run is large: MLflow has its numbers, its summary and the link to it; tables and page stay in "
        f"{folder.absolute()}"
    )
