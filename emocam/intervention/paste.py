"""The object-paste experiment: every picture changed in every way, and classified again."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytorch_lightning as lightning
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from emocam.cam.base import CAM
from emocam.cam.completeness import read_checks
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.printed import printable
from emocam.errors import SettingError, nearest
from emocam.functional.map.maps import box_means
from emocam.intervention.flips import flips_are_there, leave_flips
from emocam.intervention.row_marks import begin_marked, is_written, mark_rows, marks_metadata, row_marks
from emocam.network.changed_windows import ChangedWindows
from emocam.network.in_batches import InPieces
from emocam.network.label_names import LabelNames
from emocam.network.values import answer_strengths
from emocam.paste.base import Change, Region, Variant
from emocam.paste.changed_views import ChangedViews
from emocam.paste.patched_view import PatchedView
from emocam.predict.chunk_writer import WriteChunks
from emocam.predict.components import Components
from emocam.predict.kept_way import WAY, go_the_same_way
from emocam.predict.keys import intervention_key
from emocam.predict.stream import on_accelerator, remaining, stream
from emocam.records.base import WHOLE, Record
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.records.thresholds import Thresholds
from emocam.results.chunks import Chunks
from emocam.results.files import BOX, LEDGER, METADATA, PREDICTIONS, parquet
from emocam.results.parquet_file import read_parquet
from emocam.results.parts import is_in_parts
from emocam.results.run import Run, read_boxes
from emocam.results.tables import finished_ledger
from emocam.view.base import View

MOST_VIEWS = 64
"""Variants that go through the classifier at once."""
MOST_VIEWS_ELSEWHERE = 256
"""The same on an accelerator, which a single picture's variants do not fill."""
PICTURES, PICTURES_ELSEWHERE = 1, 4
"""Opened for one step, on a processor and on an accelerator."""


@dataclass(frozen=True)
class Changed(Record):
    """One picture and its V variants; the first of the V + 1 views is the picture itself."""

    path: str
    index: int
    views: ChangedViews
    window: Tensor
    variants: list[Variant]
    images: int = 1


@dataclass(frozen=True)
class Answers(Record):
    """Logits (V, L) of all views, and how much of the map lies on what was pasted: (V,), NaN without a CAM."""

    logits: Tensor
    focus: Tensor


def regions_of(run: Run, where: Sequence[str], thresholds: Thresholds) -> dict[str, list[Region]]:
    """Return the regions that a change acts on, by image; how sure the classifier is makes no difference."""
    regions: dict[str, list[Region]] = {}
    if not where:
        return regions
    wanted = pa.array(sorted(where), pa.string())
    for rows in run.rows("evidence", ["image", "object", "score", *BOX]):
        detected = pa.array(thresholds.detected(rows["score"].to_numpy()))
        rows = rows.filter(pc.and_(detected, pc.is_in(rows["object"].cast(pa.string()), wanted)))
        boxes = read_boxes(rows).tolist()
        for image, object, box in zip(
            rows["image"].to_pylist(), rows["object"].to_pylist(), boxes, strict=True
        ):
            regions.setdefault(image, []).append(Region(object, tuple(box)))
    return regions


class Variants(Dataset[Changed]):
    """What of the listing was explained, changed; `index` (n,) are places in the listing."""

    def __init__(
        self,
        data: Data,
        listing: Sequence[str],
        index: np.ndarray,
        view: View,
        change: Change,
        regions: dict[str, list[Region]],
    ) -> None:
        self.data, self.listing, self.index = data, listing, index
        self.view, self.change, self.regions = data.resizing(view), change, regions

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> Changed:
        index = int(self.index[i])
        name = printable(self.listing[index])
        image = self.data.open_again(self.listing[index]).image
        variants = list(self.change(image, self.regions.get(name, [])))
        seen = PatchedView.by(self.view, image)
        changed = [seen.after(variant.patches) for variant in variants]
        views, windows = zip((seen.shown, seen.window), *changed, strict=True)
        rectangles = [(), *(seen.rectangles(variant.patches) for variant in variants)]
        # only what is new leaves the worker
        kept = [replace(variant, patches=()) for variant in variants]
        gathered = ChangedViews.gather(zip(views, rectangles, strict=True))
        return Changed(name, index, gathered, torch.stack(windows), kept)


@dataclass(frozen=True)
class ChangedBatch(Record):
    """Several pictures and all their variants: V views, their windows (V, 4), and boxes pasted to (V, 4).

    Each picture is followed by its variants.
    """

    pictures: list[Changed]
    views: ChangedViews
    window: Tensor
    boxes: Tensor

    @property
    def images(self) -> int:
        return len(self.pictures)

    @property
    def counts(self) -> list[int]:
        """The views of each picture, its own among them."""
        return [1 + len(changed.variants) for changed in self.pictures]


def stack_pictures(items: Sequence[Changed]) -> ChangedBatch:
    boxes = [box for item in items for box in (WHOLE, *(variant.box for variant in item.variants))]
    # what each picture brought need not travel twice
    kept = [replace(item, views=ChangedViews.none(), window=item.window[:0]) for item in items]
    views = ChangedViews.join([item.views for item in items])
    return ChangedBatch(kept, views, torch.cat([item.window for item in items]), torch.tensor(boxes))


class Reclassify(lightning.LightningModule):
    """Asks about all variants of one picture at a time; on an accelerator about many pictures' together."""

    def __init__(self, classifier: Classifier, cam: CAM | None) -> None:
        super().__init__()
        self.classifier, self.cam = with_changed_windows(classifier.freeze()), cam
        self.images = 0
        """How many changed pictures are to come at the least."""

    def predict_step(self, batch: ChangedBatch, batch_idx: int = 0) -> Answers:
        paths = [changed.path for changed in batch.pictures for _ in range(1 + len(changed.variants))]
        views = batch.views.composed()
        self.classifier.settle(views[:MOST_VIEWS_ELSEWHERE], self.images)
        answers = [
            self._answer(paths[rows], views[rows], batch.window[rows], batch.boxes[rows].to(batch.window))
            for rows in self._pieces(batch)
        ]
        return Answers(torch.cat([a.logits for a in answers]), torch.cat([a.focus for a in answers]))

    def _pieces(self, batch: ChangedBatch) -> Iterator[slice]:
        """Yield the rows that go through the classifier at once: on a processor one picture's, which are alike."""
        on_host = batch.window.device.type == "cpu"
        start = 0
        for count in batch.counts if on_host else [len(batch.views)]:
            end, step = start + count, MOST_VIEWS if on_host else MOST_VIEWS_ELSEWHERE
            yield from (slice(first, min(first + step, end)) for first in range(start, end, step))
            start = end

    def on_predict_end(self) -> None:
        read_checks()

    def _answer(self, paths: list[str], views: Tensor, window: Tensor, boxes: Tensor) -> Answers:
        if self.cam is None:
            with torch.no_grad():
                logits = self.classifier(self.classifier.prepare(views))
            return Answers(logits, torch.full_like(logits[:, 0], torch.nan))
        images = torch.arange(len(views), device=views.device)
        batch = Batch(paths, images, views, window, views[:, :0], window, Detections.none(), {}, [])
        prediction, explanation = self.cam(self.classifier, batch)
        return Answers(prediction.own_logits, box_means(explanation.maps, explanation.window, boxes, images))


def paste_rows(
    answers: Answers,
    batch: ChangedBatch,
    labels: list[str],
    values: bool = False,
    renamed: LabelNames | None = None,
) -> dict[str, pa.Table]:
    """Make one row of each variant, and the ledger's row of each picture."""
    each = zip(answers.logits.split(batch.counts), answers.focus.split(batch.counts), strict=True)
    tables = [
        picture_rows(Answers(logits, focus[1:]), changed, labels, values, renamed)
        for (logits, focus), changed in zip(each, batch.pictures, strict=True)
    ]
    return {name: pa.concat_tables([table[name] for table in tables]) for name in ("ledger", "paste")}


def picture_rows(
    answers: Answers,
    batch: Changed,
    labels: list[str],
    values: bool = False,
    renamed: LabelNames | None = None,
) -> dict[str, pa.Table]:
    """Make one row of each variant of a picture, and the ledger's row of it.

    With `values` no probability follows from the answers, and the value itself stands in its place. `labels` are all
    names, where the network's own are `renamed`.
    """
    logits = answers.logits.float().cpu()
    label, confidence = logits.argmax(-1).numpy(), answer_strengths(logits, values).amax(-1).numpy()
    if renamed is not None:
        label, confidence = (of.numpy() for of in renamed.named(logits)[:2])
        logits = renamed.together(logits)
    count = len(batch.variants)
    centres = np.array([variant.centre for variant in batch.variants]).reshape(-1, 2)
    names = pa.array(labels, pa.string())

    def named(places: np.ndarray) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), names)

    variants: dict[str, Any] = {
        "index": np.full(count, batch.index),
        "image": pa.array([batch.path] * count, pa.string()),
        "object": pa.array([variant.object for variant in batch.variants], pa.string()),
        "position": pa.array([variant.position for variant in batch.variants], pa.string()),
        "x": centres[:, 0],
        "y": centres[:, 1],
        "label_before": named(np.repeat(label[:1], count)),
        "label_after": named(label[1:]),
        "confidence_before": np.repeat(confidence[:1], count),
        "confidence_after": confidence[1:],
        "focus": answers.focus.float().cpu().numpy(),
        "logits_after": pa.FixedSizeListArray.from_arrays(logits[1:].numpy().ravel(), len(labels)),
    }
    return {"ledger": finished_ledger([batch.path], np.array([batch.index])), "paste": pa.table(variants)}


def check_objects(where: Sequence[str], known: Sequence[str]) -> None:
    for object in where:
        if object not in known:
            raise SettingError(
                f"paste.where: the detector has no object {object!r}; {nearest(object, known)}"
            )


def paste_key(components: Components, evidence_key: str) -> str:
    """Name all that decides what pasting changes."""
    change = components.paste
    # of the thresholds the score alone, where the detector's regions are changed
    score = components.thresholds.score if change is not None and change.where else None
    return intervention_key(components, evidence_key, {"paste": components.settings["paste"], "score": score})


def paste_marks(folder: Path) -> dict[int, str]:
    """Return the mark of each picture that was explained, by its place in the ledger."""
    status = read_parquet(folder / parquet(LEDGER), columns=["status"])["status"].to_numpy()
    return row_marks(folder, {int(place): ((), "paste") for place in np.flatnonzero(status == "done")})


def paste_all(components: Components, listing: Sequence[str], evidence_key: str) -> None:
    """Write paste.parquet: every explained picture, changed in every way."""
    folder, change = components.folder, components.paste
    assert change is not None
    listing = in_order_of_rows(folder, listing)
    key, marks = paste_key(components, evidence_key), paste_marks(folder)
    table = folder / "paste.parquet"
    if is_written(table, key, marks) and flips_are_there(folder):
        return
    with components.stage("paste"):
        check_objects(change.where, Run(folder).object_names)
        regions = regions_of(Run(folder), change.where, components.thresholds)
        if not is_written(table, key, marks):
            _paste_missing(components, listing, regions, Chunks(folder, key, "pasting"), marks)
        leave_flips(components, listing, regions)


def in_order_of_rows(folder: Path, listing: Sequence[str]) -> Sequence[str]:
    """Return the listing in the order of the run's rows: parts stand one after the other, whatever its own order."""
    ledger = folder / parquet(LEDGER)
    if not is_in_parts(ledger):
        return listing
    listed = {printable(path): path for path in listing}
    images = read_parquet(ledger, columns=["image"])["image"].to_pylist()
    if gone := next((image for image in images if image not in listed), None):
        raise SettingError(f"paste: {gone!r} of the evidence is no longer among the pictures of the data")
    return [listed[image] for image in images]


def _paste_missing(
    components: Components,
    listing: Sequence[str],
    regions: dict[str, list[Region]],
    chunks: Chunks,
    marks: dict[int, str],
) -> None:
    """Write the table; the pictures whose rows are not there are classified first."""
    folder, change = components.folder, components.paste
    assert change is not None
    done = np.array(sorted(marks), np.int64)
    model = Reclassify(components.classifier, components.cam)
    renamed, values = model.classifier.renamed, model.classifier.values is not None
    labels = model.classifier.labels if renamed is None else renamed.names
    images = read_parquet(folder / parquet(LEDGER), columns=["image"])["image"].to_pylist()
    begin_marked(chunks, folder / "paste.parquet", marks, images)
    left = remaining(chunks, done)
    go_the_same_way(model.classifier, [chunks], folder / parquet(PREDICTIONS), folder / "paste.parquet")
    model.images = 2 * len(left)
    if len(left):
        samples = Variants(components.data, listing, left, model.classifier.view, change, regions)
        rows = partial(
            mark_rows, rows=partial(paste_rows, labels=labels, values=values, renamed=renamed), marks=marks
        )
        pictures = PICTURES_ELSEWHERE if on_accelerator(components.trainer) else PICTURES
        stream(components, model, samples, [WriteChunks(chunks, rows)], stack_pictures, pictures, len(done))
    told = {"labels": labels, "key": chunks.key, WAY: model.classifier.way}
    names = {METADATA: json.dumps(told).encode(), **marks_metadata(marks)}
    nothing = Changed("", 0, ChangedViews.none(), torch.zeros(0), [])
    blank = picture_rows(Answers(torch.zeros(1, len(labels)), torch.zeros(0)), nothing, labels)
    chunks.merge(folder, names, ("paste",), blank, done)


def with_changed_windows(classifier: Classifier) -> Classifier:
    """Return a classifier with the same weights, for inputs that are like the first of their batch."""
    features = classifier.features
    rows = nn.Sequential.forward, InPieces.forward
    if not isinstance(features, nn.Sequential) or type(features).forward not in rows:
        return classifier
    twin = copy(classifier)
    twin._modules = dict(classifier._modules)  # a module's copy would else share its parts' places
    twin.features = ChangedWindows(OrderedDict(features.named_children()))
    return twin
