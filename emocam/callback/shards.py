"""Streams rows to disk while the run works."""

import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pytorch_lightning import Callback, LightningModule, Trainer

from emocam.store import Shards

MOST_IMAGES, LONGEST_SECONDS = 512, 30.0
"""What may be lost when a process is killed."""


class WriteShards(Callback):
    """Each process keeps the rows of a few batches and writes them as one shard, whole or not at all.

    `rows` makes tables of what a step returned and of its batch; the ledger has a row for each image.
    """

    def __init__(self, shards: Shards, rows: Callable[[Any, Any], dict[str, pa.Table]]) -> None:
        self.shards, self.rows = shards, rows
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
        rows = self.rows(outputs, batch)
        self.kept.append(rows)  # at once: a signal between two tables of a batch would tear it
        self.images += len(rows["ledger"])
        if self.images >= MOST_IMAGES or time.monotonic() - self.since > LONGEST_SECONDS:
            self._write(trainer)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        kept = self.kept
        self._empty()  # first: interrupted after the shard is there, nothing may be written twice
        if kept:
            rank = trainer.global_rank
            number = sum(part.name.startswith(f"{rank:03d}-") for part in self.shards.parts)
            files = dict.fromkeys(file for rows in kept for file in rows)
            tables = {file: [rows[file] for rows in kept if file in rows] for file in files}
            self.shards.write(f"{rank:03d}-{number:06d}", tables)
