"""timeline.csv while it grows: a row a frame, or a face in it, with the columns of a run over films."""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from emocam.data.address import Address
from emocam.live.answers import LiveAnswer
from emocam.results.spreadsheet import without_formula
from emocam.results.timeline import IMPORTANCE, KEPT, MOST_OBJECTS

OFTEN = 50
"""Rows after which they are on the disk, should the process be killed."""


class TimelineRows:
    """Writes rows as they come, so that none is kept in memory.

    Of more objects than a timeline holds, those that are seen first have a column, which is empty in rows before.
    """

    def __init__(self, file: Path, source: str, labels: Sequence[str], objects: Sequence[str]) -> None:
        self.file, self.source, self.labels, self.objects = file, source, list(labels), list(objects)
        self.columns = list(range(len(objects))) if len(objects) <= MOST_OBJECTS else []
        self.rows = 0
        self._opened: IO[str] = file.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._opened, lineterminator="\n")
        self._writer.writerow(self.head)

    @property
    def head(self) -> list[str]:
        """The names of the columns; a label that is called like another column has a word more."""
        labels = [
            f"{name} (label)" if name in KEPT or name.startswith(IMPORTANCE) else name for name in self.labels
        ]
        importance = [f"{IMPORTANCE}{self.objects[object]}" for object in self.columns]
        return [*KEPT, *map(without_formula, labels), *importance]

    def add(self, time: float, answers: Sequence[LiveAnswer], shown: float | None) -> None:
        """Write a row for each answer about the frame of a second, which the film shows at `shown`."""
        for answer in answers:
            self._learn(answer)
            cells: list[Any] = [
                without_formula(str(Address(self.source, time, answer.face))),
                without_formula(self.source),
                round(time, 6),
                "" if answer.face is None else answer.face,
                without_formula(self.labels[answer.label]),
                f"{answer.probability[answer.label]:.6g}",
                "" if shown is None else round(shown, 6),
                *(f"{value:.6g}" for value in answer.probability),
            ]
            cells += [
                f"{answer.importance[object]:.6g}" if object in answer.importance else ""
                for object in self.columns
            ]
            self._writer.writerow(cells)
            self.rows += 1
            if self.rows % OFTEN == 0:
                self._opened.flush()

    def _learn(self, answer: LiveAnswer) -> None:
        """Give objects a column that are seen for the first time, while there is room."""
        new = [object for object in answer.importance if object not in self.columns]
        if not new or len(self.columns) >= MOST_OBJECTS:
            return
        before = len(self.head)
        self.columns += new[: MOST_OBJECTS - len(self.columns)]
        self._write_again(len(self.head) - before)

    def _write_again(self, more: int) -> None:
        """Copy the rows with empty cells at their ends, a row in memory at a time."""
        self._opened.close()
        half = self.file.with_suffix(".tmp")
        with self.file.open(encoding="utf-8", newline="") as before:
            written = half.open("w", encoding="utf-8", newline="")
            writer = csv.writer(written, lineterminator="\n")
            writer.writerow(self.head)
            rows = csv.reader(before)
            next(rows)
            writer.writerows([*row, *[""] * more] for row in rows)
        half.replace(self.file)
        self._opened, self._writer = written, writer

    def close(self) -> None:
        """Finish the file."""
        self._opened.close()

    def __enter__(self) -> "TimelineRows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
