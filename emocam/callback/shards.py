"""Streams evidence to disk while the run works."""

import time
from collections import defaultdict
from typing import Any

import pyarrow as pa
from pytorch_lightning import Callback, LightningModule, Trainer

from emocam.store import Shards, refusal_table, tables
from emocam.structures import Batch, Evidence

MOST_IMAGES, LONGEST_SECONDS = 512, 30.0
"""What may be lost when a process is killed."""


class WriteShards(Callback):
    """Each process keeps a few batches and writes them as one shard, whole or not at all."""

    def __init__(self, shards: Shards, labels: list[str], objects: list[str]) -> None:
        self.shards, self.labels, self.objects = shards, labels, objects
        self._empty()

    def _empty(self) -> None:
        self.rows: dict[str, list[pa.Table]] = defaultdict(list)
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
        assert isinstance(batch, Batch)
        if isinstance(outputs, Evidence):
            for file, table in tables(outputs, self.labels, self.objects).items():
                self.rows[file].append(table)
        if batch.refusals:
            self.rows["ledger"].append(refusal_table(batch.refusals))
        self.images += len(batch) + len(batch.refusals)
        if self.images >= MOST_IMAGES or time.monotonic() - self.since > LONGEST_SECONDS:
            self._write(trainer)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        if self.rows:
            rank = trainer.global_rank
            number = sum(part.name.startswith(f"{rank:03d}-") for part in self.shards.parts)
            self.shards.write(f"{rank:03d}-{number:06d}", self.rows)
        self._empty()
