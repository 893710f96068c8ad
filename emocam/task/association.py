"""The way of every image: predict, explain, detect, weigh."""

import hashlib
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytorch_lightning as lightning
import torch
from torch import Tensor

from emocam import __version__
from emocam.cam.base import CAM
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.samples import Samples, collate
from emocam.detector.base import Detector
from emocam.errors import SettingError
from emocam.importance.base import Importance
from emocam.runs import METADATA
from emocam.store import FILES, Shards, refusal_table, tables
from emocam.structures import Batch, Evidence, Explanation, Prediction
from emocam.task.base import Parts
from emocam.task.pasting import paste_all
from emocam.task.streaming import remaining, stream, written_key


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


def rows_of(
    evidence: Evidence | None, batch: Batch, labels: list[str], objects: list[str]
) -> dict[str, pa.Table]:
    """The tables of one step; without a usable image there is only the ledger, which says why."""
    found = tables(evidence, labels, objects) if evidence is not None else {}
    if batch.refusals:
        ledgers = [found["ledger"]] if found else []
        found["ledger"] = pa.concat_tables([*ledgers, refusal_table(batch.refusals)])
    return found


def stamps(path: Path, inside: bool = False) -> list[Any]:
    """Size and time of a file that a setting names, or of all below a folder of annotations."""
    files = sorted(path.rglob("*")) if inside and path.name and path.is_dir() else [path]
    try:
        return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    except (OSError, ValueError):  # a setting that is no path at all
        return []


def digest(settings: dict[str, Any], listing: list[str]) -> str:
    """Names all that decides the evidence: settings, files they name, code and pictures.

    Not how it is computed: batch, workers and devices change nothing.
    """
    parts: dict[str, Any] = {
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
        return [value, stamps(Path(value))] if isinstance(value, str) else value

    listed = [*listing, stamps(Path(parts["data"].get("annotations") or ""), inside=True)]
    text = json.dumps([__version__, spell(parts), listed], sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


class Association:
    """Explains every image that the data set lists, and goes on where it was interrupted.

    With a `paste`, the pictures are then changed and classified again.
    """

    def perform(self, parts: Parts) -> Data:
        with parts.stage("build"):
            data = parts.data
            data.begin()
            for note in data.notes:
                sys.stderr.write(f"{note}\n")
            listing = parts.listing
            key = digest(parts.settings, listing)
        if not self._finished(parts.folder, key):
            self._explain(parts, listing, key)
        if parts.paste is not None:
            paste_all(parts, listing, key)
        return data

    def _explain(self, parts: Parts, listing: list[str], key: str) -> None:
        with parts.stage("build"):
            shards, data = Shards(parts.folder, key), parts.data
            model = Explain(parts.classifier, parts.detector, parts.cam, parts.importance)
            labels, objects = model.classifier.labels, model.detector.objects
            shards.begin()
            left = remaining(shards, np.arange(len(listing)))
        with parts.stage("predict"):
            if len(left):
                samples = Samples(data, listing, left, model.classifier.view, model.detector.view)
                rows = partial(rows_of, labels=labels, objects=objects)
                size = 32 if data.batch_size == "auto" else data.batch_size
                stream(parts, model, samples, shards, rows, collate, size, len(listing))
        with parts.stage("merge"):
            names = {"labels": labels, "objects": objects, "version": __version__, "key": key}
            blank = tables(Evidence.none(len(labels)), labels, objects)
            shards.merge(parts.folder, {METADATA: json.dumps(names).encode()}, FILES, blank)

    def _finished(self, folder: Path, key: str) -> bool:
        """Whether the same command was completed here; another command's folder is left alone."""
        working = Shards(folder, key).made_by()
        finished = written_key([folder / f"{name}.parquet" for name in FILES[:3]])
        if (working or finished) not in (None, key):
            raise SettingError(
                f"hydra.run.dir {folder} holds a run of other settings or pictures; "
                "name another folder, or remove this one"
            )
        return working is None and finished == key
