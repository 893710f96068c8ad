"""Streams rows to disk while the run works."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pytorch_lightning import LightningModule, Trainer

from emocam.cam.completeness import SumCheck, take_unread
from emocam.predict.step_callback import StepCallback
from emocam.records.host_copy import HostCopy, to_host
from emocam.results.chunks import Chunks

MOST_IMAGES, LONGEST_SECONDS = 512, 30.0
"""What may be lost when a process is killed."""
MOST_WAITING = 4
"""Steps whose rows are not made yet: each holds its batch on the accelerator."""


class Arrivals:
    """Copies what a step of an accelerator returned to the host, once for all writers."""

    def __init__(self) -> None:
        self.outputs: Any = None

    def of(self, outputs: Any) -> "Arrival":
        if self.outputs is not outputs:
            checks = take_unread()
            self.outputs, self.arrival = outputs, Arrival(to_host([outputs, checks]))
        return self.arrival


class Arrival:
    """What one step returned, together with the checks of its sums."""

    def __init__(self, copy: HostCopy) -> None:
        self.copy = copy

    def wait(self) -> Any:
        """Return the outputs on the host; a check that fails stops the run before a row of them is kept."""
        checks: list[SumCheck]
        outputs, checks = self.copy.wait()
        for check in checks:
            check.read()
        return outputs


class WriteChunks(StepCallback):
    """Each process keeps the rows of a few batches and writes them as one chunk, whole or not at all.

    `rows` makes tables of what a step returned and of its batch; the ledger has a row for each image.
    `done` are places in the listing whose rows lie here already. Rows of a GPU's steps are made and
    written by a thread, so that the GPU has its next batch meanwhile.
    """

    arrivals = Arrivals()

    def __init__(
        self,
        chunks: Chunks,
        rows: Callable[[Any, Any], dict[str, pa.Table]],
        done: NDArray[np.int64] | None = None,
    ) -> None:
        self.chunks, self.rows = chunks, rows
        self.done = np.zeros(0, np.int64) if done is None else np.sort(done)
        self.number: int | None = None
        self.thread: ThreadPoolExecutor | None = None
        self.waiting: deque[Future[None]] = deque()
        self._empty()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the thread behind: each process has its own."""
        return {**self.__dict__, "thread": None, "waiting": deque()}

    def _empty(self) -> None:
        self.kept: list[dict[str, pa.Table]] = []
        self.images, self.since = 0, time.monotonic()

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._empty()

    def after_step(self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any) -> None:
        if model.device.type != "cuda":
            self._keep(trainer, self.rows(outputs, batch))
            return
        self.thread = self.thread or ThreadPoolExecutor(1, "rows")
        self.waiting.append(self.thread.submit(self._arrived, trainer, self.arrivals.of(outputs), batch))
        self._settle(MOST_WAITING)

    def _arrived(self, trainer: Trainer, arrival: Arrival, batch: Any) -> None:
        self._keep(trainer, self.rows(arrival.wait(), batch))

    def _settle(self, most: int = 0) -> None:
        """Go on once at most so many steps have no rows yet; an error among them is raised here."""
        while len(self.waiting) > most:
            self.waiting.popleft().result()

    def _keep(self, trainer: Trainer, tables: dict[str, pa.Table]) -> None:
        rows = {name: self._new(table) for name, table in tables.items()}
        self.kept.append(rows)  # at once: a signal between two tables of a batch would tear it
        self.images += len(rows["ledger"])
        if self.images >= MOST_IMAGES or time.monotonic() - self.since > LONGEST_SECONDS:
            self._write(trainer)

    def _new(self, table: pa.Table) -> pa.Table:
        """Leave out the rows that lie here already: by their places in what is done, which is sorted."""
        if not len(self.done):
            return table
        index = table["index"].to_numpy()
        place = np.searchsorted(self.done, index).clip(max=len(self.done) - 1)
        return table.filter(pa.array(self.done[place] != index))

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._settle()
        self._write(trainer)
        self.arrivals.outputs = None

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        with suppress(Exception):  # the first error is the one to be told
            self._settle()
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        kept = self.kept
        self._empty()  # first: interrupted after the chunk is there, nothing may be written twice
        if kept:
            rank = trainer.global_rank
            # looked up once: of a large corpus the listing would cost more than the writing
            number = self.chunks.next_number(rank) if self.number is None else self.number + 1
            self.number = number
            files = dict.fromkeys(file for rows in kept for file in rows)
            tables = {file: [rows[file] for rows in kept if file in rows] for file in files}
            self.chunks.write(f"{rank:03d}-{number:06d}", tables)
