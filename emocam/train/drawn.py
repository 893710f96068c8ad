"""Training on pictures that are drawn once and kept in memory, without a held-out part."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn
from torch.utils.data import TensorDataset

from emocam.results.files import TRAINING_STATE
from emocam.train.loop import EpochBatches, Epochs, Part, Recipe, Row, learn_lesson

BATCH = 64
PROCESSOR = {"accelerator": "cpu", "devices": 1}
"""The shipped networks are small, and were trained on a processor."""


class LossAlone(nn.Module):
    """A lesson of which nothing is held back."""

    def __init__(self, lesson: nn.Module) -> None:
        super().__init__()
        self.lesson = lesson

    def forward(self, *batch: Tensor) -> Tensor:
        """Return the loss of a batch."""
        return self.lesson(*batch)

    def figures(self) -> Row:
        return {}


def learn_drawn(
    lesson: nn.Module, tensors: Sequence[Tensor], recipe: Recipe, folder: Path, seed: int
) -> None:
    """Train on whole batches of tensors (N, ...) each; the last epoch is taken."""

    def tell(rows: list[Row]) -> None:
        sys.stderr.write(f"epoch {len(rows)} of {recipe.epochs}: loss {rows[-1]['loss']:.3f}\n")

    state = folder / TRAINING_STATE
    state.mkdir(parents=True, exist_ok=True)
    part = Part(TensorDataset(*tensors), EpochBatches(len(tensors[0]), BATCH, seed))
    epochs = Epochs(state, seed, lambda row: row["epoch"], lambda *_: None, tell)
    learn_lesson(LossAlone(lesson), recipe, part, None, epochs, PROCESSOR)
    shutil.rmtree(state)
