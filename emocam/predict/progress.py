"""How far a run has come: a bar on a terminal, a line each tenth in a file."""

import sys
import time
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from emocam.predict.step_callback import StepCallback
from emocam.predict.time_taken import LONG


class ShowProgress(StepCallback):
    """Says what a long run will take, and counts images.

    It does so on the first process; with several, each of its batches stands for one of all.
    """

    def __init__(self, images: int, done: int = 0, quiet: bool = False, advice: str = "") -> None:
        self.images, self.done, self.quiet, self.advice = images, done, quiet, advice

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.shown = not self.quiet and trainer.is_global_zero
        self.count, self.start = self.done, time.monotonic()
        self.tenth = 10 * self.done // max(1, self.images)
        console = Console(stderr=True)
        # rich also takes a file for a terminal where FORCE_COLOR is set, as CI does
        self.lively = self.shown and sys.stderr.isatty() and not console.is_dumb_terminal
        if self.lively:
            self.bar = Progress(
                TextColumn("explaining"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[speed]} images/s"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=console,
            )
            self.task = self.bar.add_task("", total=self.images, completed=self.done, speed="...")
            self.bar.start()

    def after_step(self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any) -> None:
        if not self.shown:
            return
        first = self.count == self.done
        self.count = min(self.images, self.count + batch.images * trainer.world_size)
        speed = (self.count - self.done) / max(1e-9, time.monotonic() - self.start)
        if first and (said := forecast(self.images - self.done, speed, self.advice)):
            sys.stderr.write(f"{said}\n")
        if self.lively:
            self.bar.update(self.task, completed=self.count, speed=f"{speed:.1f}")
        elif (tenth := 10 * self.count // self.images) > self.tenth:
            self.tenth = tenth
            sys.stderr.write(f"{line(self.count, self.images, speed)}\n")
            sys.stderr.flush()

    def _stop(self) -> None:
        if getattr(self, "lively", False):
            self.bar.stop()

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._stop()


def forecast(images: int, speed: float, advice: str = "") -> str:
    """Return what a long run will take, by its first batch, and what would take less; nothing of a short one."""
    minutes = images / max(speed, 1e-9) / 60
    if minutes < LONG:
        return ""
    words = f"about {minutes:.0f} minutes" if minutes < 100 else f"about {minutes / 60:.0f} hours"
    return f"{words} for {images:,} images{f'; {advice}' if advice else ''}"


def line(count: int, images: int, speed: float) -> str:
    """Return a line such as `120 of 400 images, 25.0 images/s, 0:11 left`."""
    seconds = round((images - count) / max(speed, 1e-9))
    minutes, hours = seconds // 60 % 60, seconds // 3600
    clock = f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
    left = f", {clock} left" if count < images else ""
    return f"{count:,} of {images:,} images, {speed:.1f} images/s{left}"
