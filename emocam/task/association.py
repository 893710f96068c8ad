"""The way of every image: predict, explain, detect, weigh."""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from emocam import __version__
from emocam.callback.progress import ShowProgress
from emocam.callback.shards import WriteShards
from emocam.cam.base import CAM
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.samples import Samples, collate, ignore_interrupt
from emocam.detector.base import Detector
from emocam.errors import SettingError
from emocam.importance.base import Importance
from emocam.run import METADATA
from emocam.store import Shards
from emocam.structures import Batch, Evidence, Explanation, Prediction
from emocam.task.base import Parts

MOST_WORKERS = 8
FEW_IMAGES = 64
"""Up to here starting workers costs more than they bring."""


class Explain(lightning.LightningModule):
    """Gives *all* regions with their scores and importances; thresholds come last, elsewhere."""

    def __init__(
        self, classifier: Classifier, detector: Detector, cam: CAM | None, importance: Importance
    ) -> None:
        super().__init__()
        self.classifier, self.detector = classifier.freeze(), detector.eval()
        self.cam, self.importance = cam, importance

    def explain(self, batch: Batch) -> tuple[Prediction, Explanation | None]:
        if self.cam is not None:
            return self.cam(self.classifier, batch)
        with torch.no_grad():
            logits = self.classifier(self.classifier.prepare(batch.classifier_view))
        return Prediction(logits, self.classifier.derive(logits)), None

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> Evidence | None:
        if not len(batch):
            return None
        prediction, explanation = self.explain(batch)
        with torch.no_grad():
            detections = self.detector(batch)
            importance: Tensor = torch.full_like(detections.score, torch.nan)
            if explanation is not None:
                importance = self.importance(explanation, detections)
        return Evidence(
            batch.paths, batch.index, prediction, explanation, detections, importance, batch.known
        )


def digest(settings: dict[str, Any], listing: list[str]) -> str:
    """Names all that decides the evidence: settings, files they name, code and pictures.

    Not how it is computed: batch, workers and devices change nothing.
    """
    parts = {
        name: settings.get(name)
        for name in ("data", "classifier", "detector", "vocabulary", "cam", "importance", "seed", "precision")
    }
    parts["data"] = {
        k: v
        for k, v in parts["data"].items()
        if k not in ("batch_size", "workers", "export", "max_unreadable")
    }

    def spell(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spell(item) for key, item in value.items()}
        if isinstance(value, str) and os.path.isfile(value):  # noqa: PTH113 - may be no path at all
            status = Path(value).stat()
            return [value, status.st_size, status.st_mtime_ns]
        return value

    text = json.dumps([__version__, spell(parts), listing], sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


class Association:
    """Explains every image that the data set lists, and goes on where it was interrupted."""

    def perform(self, parts: Parts) -> Data:
        with parts.stage("build"):
            data = parts.data
            data.begin()
            for note in data.notes:
                sys.stderr.write(f"{note}\n")
            listing = data.listing()
            key = digest(parts.settings, listing)
            shards = Shards(parts.folder, key)
            if self._finished(parts.folder, shards, key):
                return data
            model = Explain(parts.classifier, parts.detector, parts.cam, parts.importance)
            shards.begin()
            left = np.setdiff1d(np.arange(len(listing)), shards.done())
        with parts.stage("predict"):
            if len(left):
                self._predict(parts, model, shards, listing, left)
        with parts.stage("merge"):
            names = {
                "labels": model.classifier.labels,
                "objects": model.detector.objects,
                "version": __version__,
                "key": key,
            }
            shards.merge(parts.folder, {METADATA: json.dumps(names).encode()})
        return data

    def _finished(self, folder: Path, shards: Shards, key: str) -> bool:
        """Whether the same command was completed here; another command's folder is left alone."""
        made_by = shards.made_by() or finished_key(folder)
        if made_by not in (None, key):
            raise SettingError(
                f"hydra.run.dir {folder} holds a run of other settings or pictures; "
                "name another folder, or remove this one"
            )
        return shards.made_by() is None and made_by == key

    def _predict(
        self, parts: Parts, model: Explain, shards: Shards, listing: list[str], left: np.ndarray
    ) -> None:
        settings, data = parts.settings, parts.data
        workers = (
            data.workers
            if data.workers != "auto"
            else min(MOST_WORKERS, os.cpu_count() or 1) * (len(left) > FEW_IMAGES)
        )
        loader = DataLoader(
            Samples(data, listing, left, model.classifier.view, model.detector.view),
            batch_size=32 if data.batch_size == "auto" else data.batch_size,
            num_workers=workers,
            collate_fn=collate,
            worker_init_fn=ignore_interrupt,
        )
        progress = ShowProgress(len(listing), len(listing) - len(left), settings["quiet"])
        trainer = lightning.Trainer(
            **settings["trainer"],
            callbacks=[WriteShards(shards, model.classifier.labels, model.detector.objects), progress],
            inference_mode=False,  # CAM methods need gradients
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        try:
            trainer.predict(model, loader, return_predictions=False)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise SettingError(
                f"data.workers: a worker that opens pictures died ({str(error).splitlines()[0]}); finished "
                "work is kept, and the same command with the same hydra.run.dir goes on; "
                "data.workers=0 shows which picture it is"
            ) from None


def finished_key(folder: Path) -> str | None:
    """The key of the run whose files are complete in a folder."""
    import pyarrow.parquet as pq

    files = [folder / f"{name}.parquet" for name in ("ledger", "predictions", "evidence")]
    if not all(file.is_file() for file in files):
        return None
    written = pq.read_schema(files[0]).metadata or {}
    return json.loads(written[METADATA])["key"] if METADATA in written else None
