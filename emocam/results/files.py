"""Names of the files and columns of a run's folder, written and read by these names alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


FILES = ("ledger", "predictions", "evidence", "maps")
"""The tables of a run."""


BOX = ("x0", "y0", "x1", "y1")


METADATA = b"emocam"
"""The key of a Parquet schema's metadata under which the run's names are written."""
