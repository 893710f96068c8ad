"""What a training says while it goes on: training.csv, its curves live, and a line an epoch."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from emocam.results.files import TRAINING
from emocam.results.spreadsheet import write_csv

Log = Callable[[Mapping[str, float], int], None]


class Telling:
    """Writes each epoch's row; where the run is tracked, `log` gets it, too."""

    def __init__(self, folder: Path, epochs: int, log: Log | None, quiet: bool) -> None:
        self.folder, self.epochs, self.log, self.quiet = folder, epochs, log, quiet
        self.begun, self.first = time.monotonic(), -1
        self.logged = 0

    def __getstate__(self) -> dict[str, Any]:
        """Leave the store's connection with the process that has it; the rest is logged when the others end."""
        return {**self.__dict__, "log": None}

    def __call__(self, rows: list[dict[str, float]]) -> None:
        write_csv(pd.DataFrame(rows), self.folder / TRAINING, index=False)
        self.log_rows(rows)
        if self.first < 0:
            self.first = len(rows) - 1
        if not self.quiet:
            sys.stderr.write(f"{self.line(rows[-1], len(rows))}\n")
            sys.stderr.flush()

    def log_rows(self, rows: list[dict[str, float]]) -> None:
        """Log the rows that were not logged yet: all of them where an interrupted training goes on."""
        if self.log is None:
            return
        for row in rows[self.logged :]:
            self.log(
                {f"training/{name}": value for name, value in row.items() if name != "epoch"},
                int(row["epoch"]),
            )
        self.logged = len(rows)

    def line(self, row: Mapping[str, float], done: int) -> str:
        """Return a line such as `epoch 3 of 16: loss 1.204, held-out accuracy 61.2%, mean recall 55.0%, 2:30 left`."""
        spent = (time.monotonic() - self.begun) / max(1, done - self.first)
        left = round(spent * (self.epochs - done))
        held = (
            f", held-out accuracy {row['accuracy']:.1%}, mean recall {row['balanced_accuracy']:.1%}"
            if "accuracy" in row
            else ""
        )
        if "r" in row:
            held = f", held-out r {row['r']:.3f}"
        clock = f", {left // 60}:{left % 60:02} left" if left else ""
        return f"epoch {done} of {self.epochs}: loss {row['loss']:.3f}{held}{clock}"
