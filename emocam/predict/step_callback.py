"""A callback that takes what each step of the pass over a corpus returned."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class StepCallback(Callback):
    """Lightning's callback with the one hook that a pass over a corpus needs of a step, in short."""

    def after_step(self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any) -> None:
        """Take the outputs of a step, and its batch."""
        raise NotImplementedError

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self.after_step(trainer, pl_module, outputs, batch)
