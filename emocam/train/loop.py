"""The one training loop, Lightning's: epochs that can be resumed, and are the same whether or not they were."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch
from pytorch_lightning.accelerators import CUDAAccelerator
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler

from emocam.data.samples import ignore_interrupt
from emocam.errors import SettingError
from emocam.predict.stream import fitting_trainer

CHECKPOINT = "last.ckpt"
Row = dict[str, float]


@dataclass(frozen=True)
class Recipe:
    """AdamW with one cycle of rates, a fifth of it upwards."""

    epochs: int
    rate: float
    decay: float = 0.01
    rise: float = 0.2


class Learning(lightning.LightningModule):
    """A lesson, whose loss is made small.

    The lesson's `forward` returns the loss of a batch, `examine` looks at a batch of a held-out part, and `figures`
    returns what was found of that part.
    """

    def __init__(self, lesson: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.lesson, self.recipe = lesson, recipe

    def on_train_epoch_start(self) -> None:
        self.total, self.batches = torch.zeros((), device=self.device), 0

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        loss: Tensor = self.lesson(*batch)
        self.total += loss.detach()
        self.batches += 1
        return loss

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        self.lesson.examine(*batch)  # type: ignore[operator]

    def configure_optimizers(self) -> Any:
        learning = [parameter for parameter in self.lesson.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(learning, lr=self.recipe.rate, weight_decay=self.recipe.decay)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.recipe.rate, max(2, steps), pct_start=self.recipe.rise
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def mean_loss(self) -> float:
        """Return the epoch's mean loss over all processes."""
        total = self.total
        if self.trainer.world_size > 1:
            total = torch.as_tensor(self.trainer.strategy.reduce(total.clone(), reduce_op="mean"))
        return float(total) / max(1, self.batches)


class EpochBatches(Sampler[list[int]]):
    """The places of each batch: drawn anew each epoch, by its number alone; each process takes its part.

    `weight` (N,) draws with replacement instead, so often as it says.
    """

    def __init__(self, count: int, batch: int, seed: int, weight: Tensor | None = None) -> None:
        self.count, self.batch, self.seed, self.weight, self.epoch = count, batch, seed, weight, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return max(1, self.count // _world() // self.batch)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(mixed(self.seed, self.epoch))
        order = (
            torch.randperm(self.count, generator=generator)
            if self.weight is None
            else torch.multinomial(self.weight, self.count, replacement=True, generator=generator)
        )
        own = order[_rank() :: _world()].tolist()
        for number in range(len(self)):
            yield own[number * self.batch : (number + 1) * self.batch]


class InTurn(Sampler[list[int]]):
    """The places of each batch of a held-out part, in order; each process takes every so manyeth picture."""

    def __init__(self, count: int, batch: int) -> None:
        self.count, self.batch = count, batch

    def __len__(self) -> int:
        return -(-len(range(_rank(), self.count, _world())) // self.batch)

    def __iter__(self) -> Iterator[list[int]]:
        own = list(range(_rank(), self.count, _world()))
        return (own[first : first + self.batch] for first in range(0, len(own), self.batch))


def _world() -> int:
    return torch.distributed.get_world_size() if _distributed() else 1


def _rank() -> int:
    return torch.distributed.get_rank() if _distributed() else 0


def _distributed() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def mixed(seed: int, *numbers: int) -> int:
    """Return a seed of its own for each row of numbers."""
    for number in numbers:
        seed = (seed * 1_000_003 + number + 1) % (2**63 - 25)
    return seed


class Epochs(lightning.Callback):
    """Seeds each epoch by its number, keeps its row, and leaves a checkpoint when it is over.

    `better` tells of a row whether it is better than all before, and then the lesson is `kept`. `told` is called
    with each row on the first process.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        figure: Callable[[Row], float],
        kept: Callable[[nn.Module, Row], None],
        told: Callable[[list[Row]], None],
        patience: int | None = None,
    ) -> None:
        self.folder, self.seed, self.figure, self.kept, self.told = folder, seed, figure, kept, told
        self.patience = patience
        self.rows: list[Row] = []

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rows = list(state["rows"])

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        trainer.should_stop = self._exhausted()

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        torch.manual_seed(mixed(self.seed, trainer.current_epoch, trainer.global_rank))

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, Learning)
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        row = {"epoch": trainer.current_epoch + 1, "rate": float(rate), "loss": pl_module.mean_loss()}
        row |= pl_module.lesson.figures()  # type: ignore[operator]
        if not torch.isfinite(torch.tensor(row["loss"])):
            raise SettingError(
                f"train.rate: in epoch {row['epoch']} the loss was no number any more; what was kept before is "
                f"there; give a smaller one than {pl_module.recipe.rate:g}, and another hydra.run.dir"
            )
        before = [self.figure(one) for one in self.rows]
        self.rows.append(row)
        if all(self.figure(row) > one for one in before) and trainer.is_global_zero:
            self.kept(pl_module.lesson, row)
        trainer.should_stop = trainer.should_stop or self._exhausted()
        half = self.folder / f"{CHECKPOINT}.tmp"
        trainer.save_checkpoint(half, weights_only=False)  # with the optimizer, too
        if trainer.is_global_zero:
            half.replace(self.folder / CHECKPOINT)
            self.told(self.rows)

    def _exhausted(self) -> bool:
        """Return whether so many epochs brought nothing better."""
        if self.patience is None or not self.rows:
            return False
        figures = [self.figure(row) for row in self.rows]
        return len(figures) - 1 - figures.index(max(figures)) >= self.patience


@dataclass(frozen=True)
class Part:
    """Pictures of a part: a data set whose items are whole batches, and the places of each batch."""

    dataset: Dataset[Any]
    batches: Sampler[list[int]]
    workers: int = 0

    def loader(self, pinned: bool) -> DataLoader[Any]:
        """Return what Lightning takes: no draw of the loader's own disturbs the lesson's."""
        return DataLoader(
            self.dataset,
            batch_size=None,
            sampler=self.batches,
            num_workers=self.workers,
            worker_init_fn=ignore_interrupt,
            pin_memory=pinned,
            generator=torch.Generator(),
        )


def learn_lesson(
    lesson: nn.Module,
    recipe: Recipe,
    training: Part,
    held: Part | None,
    epochs: Epochs,
    arguments: dict[str, Any],
) -> None:
    """Train until the last epoch; from the folder's checkpoint, where there is one."""
    checkpoint = epochs.folder / CHECKPOINT
    trainer = fitting_trainer(
        arguments,
        [epochs],
        len(training.batches) if isinstance(training.batches, EpochBatches) else 1,
        max_epochs=recipe.epochs,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    on_cuda = isinstance(trainer.accelerator, CUDAAccelerator)
    with torch.random.fork_rng(devices=[]), _repeatable(on_cuda), _shared_by_files(arguments):
        trainer.fit(
            Learning(lesson.train(), recipe),
            training.loader(on_cuda),
            held.loader(on_cuda) if held else None,
            ckpt_path=str(checkpoint) if checkpoint.is_file() else None,
            weights_only=True,
        )


@contextmanager
def _shared_by_files(arguments: dict[str, Any]) -> Iterator[None]:
    """Share tensors with spawned processes by files: of two tensors of one storage a descriptor is sent twice."""
    if "spawn" not in str(arguments.get("strategy")):
        yield
        return
    before = torch.multiprocessing.get_sharing_strategy()
    torch.multiprocessing.set_sharing_strategy("file_system")
    try:
        yield
    finally:
        torch.multiprocessing.set_sharing_strategy(before)


@contextmanager
def _repeatable(on_cuda: bool) -> Iterator[None]:
    """Take algorithms that give the same sums each time; a processor has no others."""
    if not on_cuda:
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
