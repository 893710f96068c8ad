"""An epoch of `task=train` beside a bare PyTorch loop over the same loader: python benchmarks/training.py [PAIRS]."""

import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from emocam.classifier.compact_face import SIZE, CompactFace
from emocam.train.lesson import ClassifierLesson
from emocam.train.loop import EpochBatches, Epochs, Part, Recipe, learn_lesson
from emocam.train.settings import TrainSettings

PICTURES, LABELS, BATCH, EPOCHS = 384, 6, 64, 4
GOAL = 1.1
"""The cost of an epoch, at most, in those of the bare loop."""


class Drawn(Dataset[tuple[Tensor, Tensor]]):
    """Views of noise with labels, a batch at once by a list of places."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        generator = torch.Generator().manual_seed(0)
        self.views = torch.randint(0, 256, (PICTURES, *shape), generator=generator, dtype=torch.uint8)
        self.labels = torch.randint(0, LABELS, (PICTURES,), generator=generator)

    def __len__(self) -> int:
        return PICTURES

    def __getitem__(self, places: Any) -> tuple[Tensor, Tensor]:
        return self.views[places], self.labels[places]


def lesson() -> ClassifierLesson:
    torch.manual_seed(0)
    net = CompactFace(weights="random").requires_grad_(True)
    return ClassifierLesson(net, torch.full((LABELS,), PICTURES / LABELS), TrainSettings())


def part(shape: tuple[int, ...]) -> Part:
    return Part(Drawn(shape), EpochBatches(PICTURES, BATCH, 0))


def ours(shape: tuple[int, ...], folder: Path) -> list[float]:
    """Return the processor's seconds of each epoch but the first, its checkpoint and its row with it."""
    ends: list[float] = []
    epochs = Epochs(
        folder, 0, lambda row: -row["loss"], lambda *_: None, lambda _: ends.append(time.process_time())
    )
    quiet = {"accelerator": "cpu", "devices": 1}
    learn_lesson(lesson(), Recipe(EPOCHS, 0.003, 0.02), part(shape), None, epochs, quiet)
    return [later - earlier for earlier, later in pairwise(ends)]


def bare(shape: tuple[int, ...]) -> list[float]:
    """Return the same of a loop that does no more than learn."""
    net, training = lesson().train(), part(shape)
    loader = training.loader(False)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.003, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.003, EPOCHS * len(loader), pct_start=0.2)
    seconds = []
    for epoch in range(EPOCHS):
        start = time.process_time()
        training.batches.set_epoch(epoch)  # type: ignore[attr-defined]
        for views, labels in loader:
            optimizer.zero_grad()
            net(views, labels).backward()
            optimizer.step()
            schedule.step()
        seconds.append(time.process_time() - start)
    return seconds[1:]


def main(pairs: int) -> None:
    """Print a row a pair of runs, in turn, and the median ratio."""
    torch.set_num_threads(1)
    shape = (1, *SIZE)
    print("| pair | ours, s an epoch | bare loop | ratio |\n|---|---|---|---|")
    ratios = []
    for number in range(pairs):
        with TemporaryDirectory() as folder:
            ways = (lambda: ours(shape, Path(folder)), lambda: bare(shape))
            order = (0, 1) if number % 2 == 0 else (1, 0)
            told = {place: median(ways[place]()) for place in order}
        ratios.append(told[0] / told[1])
        print(f"| {number + 1} | {told[0]:.2f} | {told[1]:.2f} | {ratios[-1]:.3f} |", flush=True)
    print(f"\nmedian {median(ratios):.3f}, at most {GOAL}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
