"""A pass of a model over a corpus whose rows are on disk as they come."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from pytorch_lightning.accelerators import CUDAAccelerator
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader, Dataset

from emocam.data.samples import ignore_interrupt
from emocam.errors import SettingError
from emocam.predict.chunk_writer import WriteChunks
from emocam.predict.components import Components
from emocam.predict.device_ahead import DeviceAhead
from emocam.predict.progress import ShowProgress
from emocam.predict.workers import workers_of
from emocam.results.chunks import Chunks


def stream(
    components: Components,
    model: lightning.LightningModule,
    samples: Dataset[Any],
    writers: Sequence[WriteChunks],
    collate: Callable[[Any], Any],
    batch: int,
    images: int,
    advice: str = "",
    changes: int = 1,
) -> None:
    """Run the model on all samples, and pass what each step returned to the writers.

    `images` is how many there are in all, with those that an earlier attempt has done; `advice` is given where the
    pass takes long. A sample is at least so many `changes` of a picture, of which each takes as long as opening one.
    """
    data = components.data
    left = len(samples)  # type: ignore[arg-type]
    callbacks = [*writers, ShowProgress(images, images - left, components.quiet, advice)]
    trainer = fitting_trainer(components.trainer, callbacks, left)
    on_cuda = isinstance(trainer.accelerator, CUDAAccelerator)
    loader = DataLoader(
        samples,
        batch_size=batch,
        num_workers=workers_of(data, left * changes, on_cuda),
        collate_fn=collate,
        worker_init_fn=ignore_interrupt,
        pin_memory=on_cuda,
    )
    # with several GPUs Lightning must see the loader itself, to give each process its part
    ahead = on_cuda and trainer.world_size == 1
    batches = DeviceAhead(loader, trainer.strategy.root_device) if ahead else loader
    try:
        trainer.predict(model, batches, return_predictions=False)
    except SettingError as error:
        raise type(error)(own_sentence(error)) from None
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise SettingError(
            f"data.workers: a worker that opens pictures died ({str(error).splitlines()[0]}); finished "
            "work is kept, and the same command with the same hydra.run.dir goes on; "
            "data.workers=0 shows which picture it is"
        ) from None


def own_sentence(error: SettingError) -> str:
    """Return what an error says, without what torch puts around it where it was raised in a worker."""
    text = str(error)
    if not text.startswith("Caught ") or "Traceback" not in text:
        return text
    return text.strip().splitlines()[-1].partition(": ")[2]


def on_accelerator(settings: dict[str, Any]) -> bool:
    """Return whether a trainer of these settings computes on a GPU that CUDA knows."""
    accelerator = settings.get("accelerator", "auto")
    return accelerator in ("gpu", "cuda") or (accelerator == "auto" and torch.cuda.is_available())


def fitting_trainer(
    arguments: dict[str, Any], callbacks: Sequence[lightning.Callback], images: int, **more: Any
) -> lightning.Trainer:
    """Build a trainer of no more processes than images: Lightning refuses one that has nothing to predict on."""

    def trainer(**changed: Any) -> lightning.Trainer:
        return lightning.Trainer(
            **arguments | changed,
            callbacks=list(callbacks),
            inference_mode=False,  # CAM methods need gradients
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **more,
        )

    try:
        made = trainer()
    except (MisconfigurationException, ValueError, TypeError, ImportError) as error:
        words = ", ".join(f"{name}={value}" for name, value in arguments.items())
        raise SettingError(
            f"trainer: Lightning cannot use {words} here ({' '.join(str(error).split())[:160]}); "
            "trainer=auto takes what there is, trainer=cpu the processor"
        ) from None
    return made if made.world_size <= images else trainer(devices=images, num_nodes=1)


def remaining(chunks: Chunks, places: np.ndarray) -> np.ndarray:
    """Return those of the places in the listing that no chunk holds yet."""
    return np.setdiff1d(places, chunks.done())
