"""The way of every image: predict, explain, detect, weigh."""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from emocam.data.samples import Samples, collate
from emocam.errors import SettingError
from emocam.predict.batch_size import fitting_batch, free_memory
from emocam.predict.cache import Memory, lent_before
from emocam.predict.chunk_writer import WriteShards
from emocam.predict.components import Parts
from emocam.predict.explain import Explain, rows_of
from emocam.predict.keys import digest, written_key
from emocam.predict.provenance import ingredients
from emocam.predict.stream import stream, workers_of
from emocam.records.evidence import Evidence
from emocam.results.chunks import Shards
from emocam.results.files import FILES, METADATA
from emocam.results.tables import tables
from emocam.version import __version__


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
