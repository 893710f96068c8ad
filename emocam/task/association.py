"""The way of every image: predict, explain, detect, weigh."""

import hashlib
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytorch_lightning as lightning
import torch
from torch import Tensor

from emocam import __version__
from emocam.callback.shards import WriteShards
from emocam.cam.base import CAM
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.samples import Samples, collate
from emocam.detector.base import Detector
from emocam.errors import SettingError
from emocam.functional.chance import Chance
from emocam.importance.base import Importance
from emocam.importance.regions import region_chance
from emocam.runs import METADATA
from emocam.store import FILES, Shards, refusal_table, tables
from emocam.structures import Batch, Detections, Evidence, Explanation, Prediction
from emocam.task.base import Parts
from emocam.task.batching import fitting_batch, free_memory
from emocam.task.effect import measure_effect
from emocam.task.ingredients import ingredients
from emocam.task.pasting import paste_all
from emocam.task.recalling import Memory, lent_before
from emocam.task.streaming import stream, workers_of, written_key


class Explain(lightning.LightningModule):
    """Gives *all* regions with their scores and importances; thresholds come last, elsewhere.

    One pass through the classifier and one through the detector serve all `cams`; without any, the
    pictures are only classified.
    """

    def __init__(
        self, classifier: Classifier, detector: Detector, cams: Sequence[CAM], importance: Importance
    ) -> None:
        super().__init__()
        self.classifier, self.detector = classifier.freeze(), detector.eval()
        self.cams, self.importance = cams, importance

    def explain(self, batch: Batch) -> tuple[Prediction, list[Explanation | None]]:
        """The prediction, and an explanation for each method."""
        if not self.cams:
            with torch.no_grad():
                logits = self.classifier(self.classifier.prepare(batch.classifier_view))
            return Prediction(logits, self.classifier.derive(logits)), [None]
        forward = self.cams[0].forward_pass(self.classifier, batch)
        maps = [cam.maps(forward) for cam in self.cams]
        logits = forward.logits.detach()
        return (
            Prediction(logits, self.classifier.derive(logits)),
            [Explanation(one, batch.classifier_window) for one in maps],
        )

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> list[Evidence]:
        """For each method its evidence; none without an image that could be used."""
        if not len(batch):
            return []
        prediction, explanations = self.explain(batch)
        with torch.no_grad():
            detections = self.detector(batch)
            return [self.weigh(batch, prediction, explanation, detections) for explanation in explanations]

    def weigh(
        self, batch: Batch, prediction: Prediction, explanation: Explanation | None, detections: Detections
    ) -> Evidence:
        importance: Tensor = torch.full_like(detections.score, torch.nan)
        chance: Chance | None = None
        if explanation is not None:
            importance = self.importance(explanation, detections)
            chance = region_chance(explanation, detections)
        return Evidence(
            batch.paths,
            batch.index,
            prediction,
            explanation,
            detections,
            importance,
            batch.known,
            chance=chance.anywhere if chance else None,
            chance_centre=chance.centred if chance else None,
        )


def rows_of(
    evidence: list[Evidence], batch: Batch, method: int, labels: list[str], objects: list[str]
) -> dict[str, pa.Table]:
    """The tables of one step and one method; without a usable image only the ledger, which says why."""
    found = tables(evidence[method], labels, objects) if evidence else {}
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

    With a `paste`, the pictures are then changed and classified again; with an `effect`, objects are
    taken away or put in.
    """

    def perform(self, parts: Parts) -> Data:
        with parts.stage("build"):
            begin(parts)
            effect = parts.effect  # a mistake in its settings is told before the work
            key = digest(parts.settings, parts.listing)
        find([parts], [key])
        if parts.paste is not None:
            paste_all(parts, parts.listing, key)
        if effect is not None:
            measure_effect(parts, key)
        return parts.data


def begin(parts: Parts) -> None:
    """The data set gets ready, and says how it was read."""
    parts.data.begin()
    for note in parts.data.notes:
        sys.stderr.write(f"{note}\n")


def explain_together(runs: Sequence[Parts]) -> None:
    """The evidence of runs that differ in their CAM method alone, in one pass."""
    with runs[0].stage("build"):
        begin(runs[0])
        keys = [digest(parts.settings, runs[0].listing) for parts in runs]
    find(runs, keys)


def find(runs: Sequence[Parts], keys: Sequence[str]) -> None:
    """The evidence of each run: in its folder already, lent by a finished run, or found anew."""
    first, left = runs[0], []
    with first.stage("build"):
        for parts, key in zip(runs, keys, strict=True):
            if finished(parts.folder, key):
                parts.evidence_from = lent_before(parts.folder)
            else:
                left.append((parts, key))
    if not left:
        return
    with first.stage("copy"):
        memory = Memory(first.settings, first.data, first.listing)
        for parts, key in left:
            if Shards(parts.folder, key).made_by() is None:  # what was begun here goes on
                parts.evidence_from = memory.recall(parts.folder, key)
    anew = [(parts, key) for parts, key in left if parts.evidence_from is None]
    if anew:
        explain([parts for parts, _ in anew], [key for _, key in anew])
    for parts, key in left:
        memory.remember(parts.folder, key)


def explain(runs: Sequence[Parts], keys: Sequence[str]) -> None:
    """Leaves each run's tables in its folder; all parts but the CAM are those of the first."""
    parts = runs[0]
    with parts.stage("build"):
        cams = [cam for run in runs if (cam := run.cam_for(parts.classifier)) is not None]
        model = Explain(parts.classifier, parts.detector, cams, parts.importance)
        labels, objects = model.classifier.labels, model.detector.objects
        everything = [Shards(run.folder, key) for run, key in zip(runs, keys, strict=True)]
        for shards in everything:
            shards.begin()
        # an interrupt between two writers leaves an image with one method and not with another
        done = [set(shards.done().tolist()) for shards in everything]
        places = np.arange(len(parts.listing))
        left = np.setdiff1d(places, list(set.intersection(*done)))
    with parts.stage("predict"):
        if len(left):
            samples = Samples(parts.data, parts.listing, left, model.classifier.view, model.detector.view)
            writers = [
                WriteShards(
                    shards, partial(rows_of, method=method, labels=labels, objects=objects), done[method]
                )
                for method, shards in enumerate(everything)
            ]
            size = parts.data.batch_size
            if size == "auto":
                free = free_memory(parts.settings["trainer"].get("accelerator", "auto"))
                views = [model.classifier.view, model.detector.view]
                size = fitting_batch(views, workers_of(parts.data, len(left)), free)
            stream(parts, model, samples, writers, collate, size, len(parts.listing))
    with parts.stage("merge"):
        blank = tables(Evidence.none(len(labels)), labels, objects)
        made_of = ingredients(parts.settings, parts.data, parts.listing, model.classifier, model.detector)
        common = {"labels": labels, "objects": objects, "version": __version__, "made_of": made_of}
        for shards, run in zip(everything, runs, strict=True):
            names = {**common, "key": shards.key}
            shards.merge(run.folder, {METADATA: json.dumps(names).encode()}, FILES, blank)


def finished(folder: Path, key: str) -> bool:
    """Whether the same command was completed here; another command's folder is left alone."""
    working = Shards(folder, key).made_by()
    written = written_key([folder / f"{name}.parquet" for name in FILES[:3]])
    if (working or written) not in (None, key):
        raise SettingError(
            f"hydra.run.dir {folder} holds a run of other settings or pictures; "
            "name another folder, or remove this one"
        )
    return working is None and written == key
