"""Streams rows to disk while the run works."""

import time
from collections import defaultdict
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
        self.kept: dict[str, list[pa.Table]] = defaultdict(list)
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
        for file, table in self.rows(outputs, batch).items():
            self.kept[file].append(table)
            self.images += len(table) if file == "ledger" else 0
        if self.images >= MOST_IMAGES or time.monotonic() - self.since > LONGEST_SECONDS:
            self._write(trainer)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        if self.kept:
            rank = trainer.global_rank
            number = sum(part.name.startswith(f"{rank:03d}-") for part in self.shards.parts)
            self.shards.write(f"{rank:03d}-{number:06d}", self.kept)
        self._empty()
