"""The way of every image: predict, explain, detect, weigh."""

import json
import sys
import time
from collections.abc import Sequence
from functools import partial, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emocam.cam.base import CAM, PREDICTED
from emocam.data.samples import Samples, collate
from emocam.errors import SettingError
from emocam.predict.batch_size import fitting_batch, free_memory
from emocam.predict.cache import EvidenceCache, copied_from, forget_source
from emocam.predict.chunk_writer import WriteChunks
from emocam.predict.components import Components
from emocam.predict.explain import Explain, OwnTables, check_weights, rows_of
from emocam.predict.kept_way import WAY, go_the_same_way
from emocam.predict.keys import evidence_key, written_key
from emocam.predict.point_sequences import check_point_sequences
from emocam.predict.provenance import ingredients
from emocam.predict.stale import go_on_from, say_stale, stale_in, stale_in_chunks
from emocam.predict.stream import on_accelerator, stream
from emocam.predict.time_taken import time_taken
from emocam.predict.toy_network import check_toy_network
from emocam.predict.workers import workers_of
from emocam.records.evidence import Evidence
from emocam.results.chunks import Chunks
from emocam.results.files import CALLED, FILES, METADATA
from emocam.results.picture_faults import explained_contents
from emocam.results.tables import evidence_tables
from emocam.results.write_again import keep_rows
from emocam.version import __version__


def prepare_data(components: Components) -> None:
    """Do what the data set needs before its first picture, and print how it was read."""
    components.data.prepare()
    components.data.measure()
    check_point_sequences(components)
    check_toy_network(components)
    for note in components.data.notes:
        sys.stderr.write(f"{note}\n")


def explain_together(runs: Sequence[Components]) -> list[str]:
    """Find the evidence of runs that differ in their CAM method alone, in one pass; return their keys."""
    with runs[0].stage("build"):
        prepare_data(runs[0])
        keys = [evidence_key(components, runs[0]) for components in runs]
    find_evidence(runs, keys)
    return keys


def find_evidence(runs: Sequence[Components], keys: Sequence[str]) -> None:
    """Find the evidence of each run: in its folder already, copied from a finished run, or computed."""
    _find_missing(runs, keys)
    runs[0].data.explained = explained_contents(runs[0].folder)


def _find_missing(runs: Sequence[Components], keys: Sequence[str]) -> None:
    first, left = runs[0], []
    with first.stage("build"):
        for components, key in zip(runs, keys, strict=True):
            if is_finished(components, key, first):
                components.evidence_from = copied_from(components.folder)
            else:
                left.append((components, key))
    if not left:
        return
    with first.stage("copy"):
        cache = None if first.own_code else first.cache
        memory = EvidenceCache(cache, first)
        for components, key in left:
            if Chunks(components.folder, key).stored_key() is None:  # what was begun here goes on
                components.evidence_from = memory.copy_to(components.folder, key)
    anew = [(components, key) for components, key in left if components.evidence_from is None]
    if anew:
        explain_missing([components for components, _ in anew], [key for _, key in anew])
    for components, key in left:
        memory.register(components.folder, key)


def explain_missing(runs: Sequence[Components], keys: Sequence[str]) -> None:
    """Write each run's tables into its folder; all components but the CAM are those of the first."""
    components = runs[0]
    with components.stage("build"):
        cams = [cam for run in runs if (cam := run.cam_for(components.classifier)) is not None]
        tell_notes(components, cams)
        check_weights(components.classifier)
        for note in components.classifier.notes:
            sys.stderr.write(f"{note}\n")
        model = Explain(
            components.classifier, components.detector, cams, components.importance, components.features
        )
        everything = [Chunks(run.folder, key) for run, key in zip(runs, keys, strict=True)]
        for chunks in everything:
            chunks.begin()
        go_the_same_way(components.classifier, everything)
        # an interrupt between two writers leaves an image with one method and not with another
        done = [chunks.done() for chunks in everything]
        by_all = reduce(np.intersect1d, done)
        left = np.setdiff1d(np.arange(len(components.listing)), by_all)
        # of what is left, since nothing else is asked for again
        done = [np.setdiff1d(of_method, by_all) for of_method in done]
        model.images = len(left)
    with components.stage("predict"):
        if len(left):
            began = time.perf_counter()
            explain_places(components, model, everything, done, left)
            told = time_taken(time.perf_counter() - began, model.detecting, components.detector.advice)
            for run in runs:
                run.took = told
    for note in model.notes:
        sys.stderr.write(f"{note}\n")
    with components.stage("merge"):
        merge_evidence(runs, model, everything)


def tell_notes(components: Components, cams: Sequence[CAM]) -> None:
    """Print what the methods say of the files they read, and keep it with what the data say."""
    for note in dict.fromkeys(note for cam in cams for note in cam.notes):
        sys.stderr.write(f"{note}\n")
        components.data.notes.append(note)


def explain_places(
    components: Components,
    model: Explain,
    everything: Sequence[Chunks],
    done: Sequence[NDArray[np.int64]],
    left: NDArray[np.int64],
) -> None:
    """Write the rows of the images at the places that are `left`; each method's chunks take what is not `done`."""
    classifier, detector = model.classifier, model.detector
    samples = Samples(
        components.data,
        components.listing,
        left,
        classifier.view,
        detector.view,
        detector.digest,
        components.digests,
    )
    rows = partial(
        rows_of,
        labels=classifier.label_names,
        objects=detector.objects,
        own_tables=OwnTables(components.data, components.listing),
    )
    writers = [
        WriteChunks(chunks, partial(rows, method=method), done[method])
        for method, chunks in enumerate(everything)
    ]
    size = components.data.batch_size
    if size == "auto":
        size = _fitting(components, model, len(left))
    stream(components, model, samples, writers, collate, size, len(components.listing), detector.advice)


def merge_evidence(runs: Sequence[Components], model: Explain, everything: Sequence[Chunks]) -> None:
    """Merge each run's chunks into the tables of its folder, with what they were made of."""
    components = runs[0]
    labels, objects = model.classifier.label_names, model.detector.objects
    many = model.classifier.many
    blank = evidence_tables(Evidence.none(len(labels), many is not None), labels, objects)
    components.digests.write()
    made_of = ingredients(components, everything[0])
    common: dict[str, Any] = {
        "labels": labels,
        "objects": objects,
        "version": __version__,
        "made_of": made_of,
    }
    # they go where the evidence goes
    common["notes"] = [*components.data.notes, *model.classifier.notes, *model.notes]
    if many is not None:
        common["many"] = [round(float(threshold), 6) for threshold in many]
    if model.classifier.renamed is not None:
        common[CALLED] = model.classifier.renamed.of
    if model.classifier.way is not None:
        common[WAY] = model.classifier.way
    values = model.classifier.values
    if values is not None:
        common |= {"values": list(values.names), "unit": values.unit}
    places = np.arange(len(components.listing))
    for chunks, run in zip(everything, runs, strict=True):
        names = {**common, "key": chunks.key}
        cam = run.cam_for(model.classifier)
        if values is not None and cam is not None and cam.target != PREDICTED:
            names["asked"] = cam.target
        chunks.merge(run.folder, {METADATA: json.dumps(names).encode()}, FILES, blank, places)


def _fitting(components: Components, model: Explain, images: int) -> int:
    """Return the batch size for the networks' views and the memory that is free."""
    trainer = components.trainer
    accelerated = on_accelerator(trainer)
    elsewhere = free_memory(trainer.get("accelerator", "auto")) if accelerated else None
    views = [model.classifier.view, model.detector.view]
    return fitting_batch(
        views, workers_of(components.data, images, accelerated), free_memory("cpu"), elsewhere
    )


def is_finished(components: Components, key: str, shared: Components | None = None) -> bool:
    """Return whether the same command was completed here; another command's folder is left alone.

    Where pictures changed since, it was not: what still holds of its rows is kept, as of an interrupted pass.
    `shared` has the data of a pass for several runs.
    """
    folder, chunks = components.folder, Chunks(components.folder, key)
    working = chunks.stored_key()
    written = written_key([folder / f"{name}.parquet" for name in FILES[:3]])
    if (working or written) not in (None, key):
        raise SettingError(
            f"hydra.run.dir {folder} holds a run of other settings, files or code; "
            "name another folder, or remove this one"
        )
    if working is not None:
        if stale := stale_in_chunks(shared or components, chunks):
            keep_rows(chunks, stale.place_of)
        return False
    if written is None:
        return False
    if stale := stale_in(shared or components, folder):
        say_stale(folder, stale)
        go_on_from(folder, chunks, stale)
        forget_source(folder)
    return not stale
