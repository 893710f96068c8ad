"""Streams rows to disk while the run works."""

import time
from collections.abc import Callable, Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pytorch_lightning import Callback, LightningModule, Trainer

from emocam.results.chunks import Chunks

MOST_IMAGES, LONGEST_SECONDS = 512, 30.0
"""What may be lost when a process is killed."""


class WriteChunks(Callback):
    """Each process keeps the rows of a few batches and writes them as one chunk, whole or not at all.

    `rows` makes tables of what a step returned and of its batch; the ledger has a row for each image.
    `done` are places in the listing whose rows lie here already.
    """

    def __init__(
        self,
        chunks: Chunks,
        rows: Callable[[Any, Any], dict[str, pa.Table]],
        done: Collection[int] = frozenset(),
    ) -> None:
        self.chunks, self.rows = chunks, rows
        self.done = pa.array(sorted(done), pa.int64())
        self._empty()

    def _empty(self) -> None:
        self.kept: list[dict[str, pa.Table]] = []
        self.images, self.since = 0, time.monotonic()

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._empty()

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        rows = {name: self._new(table) for name, table in self.rows(outputs, batch).items()}
        self.kept.append(rows)  # at once: a signal between two tables of a batch would tear it
        self.images += len(rows["ledger"])
        if self.images >= MOST_IMAGES or time.monotonic() - self.since > LONGEST_SECONDS:
            self._write(trainer)

    def _new(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.invert(pc.is_in(table["index"], value_set=self.done)))

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        kept = self.kept
        self._empty()  # first: interrupted after the chunk is there, nothing may be written twice
        if kept:
            rank = trainer.global_rank
            number = sum(part.name.startswith(f"{rank:03d}-") for part in self.chunks.parts)
            files = dict.fromkeys(file for rows in kept for file in rows)
            tables = {file: [rows[file] for rows in kept if file in rows] for file in files}
            self.chunks.write(f"{rank:03d}-{number:06d}", tables)
