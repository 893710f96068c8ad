"""Objects of a finished run's pictures taken away in pairs, kept alone and moved, and classified again."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor
from torch.utils.data import Dataset

from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.printed import printable
from emocam.data.samples import reason
from emocam.effect.joint import JointPicture, JointVariant
from emocam.effect.pairs import Pairs
from emocam.effect.parts import NO_REGIONS, PictureRegions, pixels_in
from emocam.effect.picture import TriedPicture
from emocam.effect.sampling import dice_for
from emocam.effect.visible import seen_part
from emocam.errors import PictureChanged, SettingError, StoreLost
from emocam.intervention.effect import PICTURES, PICTURES_ELSEWHERE, Answer, AnswerRule, rule_of
from emocam.intervention.pair_plan import PairPlan, plan_pairs
from emocam.intervention.plan import regions_of_pictures
from emocam.intervention.row_marks import begin_marked, is_written, mark_rows, marks_metadata, row_marks
from emocam.intervention.trials import TriedView
from emocam.paste.changed_views import ChangedViews
from emocam.paste.patched_view import PatchedView
from emocam.predict.chunk_writer import WriteChunks
from emocam.predict.components import Components
from emocam.predict.kept_way import WAY, go_the_same_way
from emocam.predict.keys import intervention_key
from emocam.predict.stream import on_accelerator, remaining, stream
from emocam.records.base import Record
from emocam.records.picture import Refusal
from emocam.results.chunks import Chunks
from emocam.results.files import LEDGER, METADATA, PAIR_STATE, PAIR_TRIALS, PREDICTIONS, parquet
from emocam.results.parquet_file import read_parquet
from emocam.results.run import Run
from emocam.results.tables import finished_ledger, refusal_table
from emocam.view.base import View

UNCHANGED = "none"
"""The kind of a picture's own row."""


@dataclass(frozen=True)
class JointTrial:
    """One picture: its own view and those of its variants, and the fill that all of these have."""

    path: str
    index: int
    fill: str
    views: ChangedViews
    variants: list[JointVariant]

    @property
    def of_views(self) -> int:
        """How many views it has."""
        return 1 + len(self.variants)


@dataclass(frozen=True)
class JointBatch(Record):
    """The views of several pictures one after the other, and the pictures that could not be opened."""

    views: ChangedViews
    pictures: list[JointTrial]
    refusals: list[Refusal]

    @property
    def images(self) -> int:
        return len(self.pictures) + len(self.refusals)


@dataclass
class JointTrials(Dataset[JointTrial | Refusal]):
    """All that is tried in a picture, made from opening it once; `paths` are files by their printed names."""

    data: Data
    paths: dict[str, str]
    regions: dict[str, PictureRegions]
    plan: PairPlan
    index: np.ndarray
    view: View
    effect: Pairs
    seed: int

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> JointTrial | Refusal:
        index = int(self.index[i])
        path = self.plan.images[index]
        fills = list(self.effect.fills)
        fill = fills[dice_for(self.seed, "fill", path).whole(0, len(fills) - 1)]
        try:
            made = list(self._made(path, self.plan.variants[index], fill))
        except (PictureChanged, StoreLost):
            raise
        except Exception as error:  # a file may be gone since it was explained; it must cost itself alone
            return Refusal(path, index, "unreadable", reason(error, self.data.root))
        views = ChangedViews.gather([view for _, view in made])
        return JointTrial(path, index, fill, views, [variant for variant, _ in made if variant is not None])

    def _made(
        self, path: str, variants: Sequence[JointVariant], fill: str
    ) -> Iterator[tuple[JointVariant | None, TriedView]]:
        """Yield the picture's own view, then one of each variant that can be made."""
        picture = TriedPicture(
            self.data.open_again(self.paths[path]).image, self.regions.get(path, NO_REGIONS)
        )
        before = PatchedView.by(self.data.resizing(self.view), picture.image)
        yield None, (before.shown, ())
        changed = JointPicture(
            picture,
            pixels_in(picture.raster.size, seen_part(before.window.tolist())),
            fill,
            sorted({name for variant in variants for name in variant.objects}),
            dice_for(self.seed, "joint places", path),
            self.effect.region == "box",
            self.effect.control == "bare",
        )
        for variant in variants:
            patches = changed.patches(variant)
            if patches is not None:
                yield variant, (before.after(patches)[0], before.rectangles(patches))


def gather_joint(items: Sequence[JointTrial | Refusal]) -> JointBatch:
    """Make a batch of pictures."""
    pictures = [item for item in items if isinstance(item, JointTrial)]
    views = ChangedViews.join([tried.views for tried in pictures])
    kept = [replace(tried, views=ChangedViews.none()) for tried in pictures]  # the stack holds them all
    return JointBatch(views, kept, [item for item in items if isinstance(item, Refusal)])


def joint_rows(
    logits: Tensor, batch: JointBatch, label_of: Mapping[str, str], asked: Sequence[str], answers: AnswerRule
) -> dict[str, pa.Table]:
    """Make a row for each view: the scores of the labels that are asked for, and whether the answer is as before."""
    logits = logits.double().cpu()
    pictures = batch.pictures
    own = [label_of[tried.path] for tried in pictures for _ in range(tried.of_views)]
    label = torch.tensor([answers.labels.index(name) for name in own], dtype=torch.int64)
    kept = answers.answer(logits, label) == label if len(label) else torch.zeros(0, dtype=torch.bool)
    scores = [answers.score(logits, torch.full((len(label),), answers.labels.index(name))) for name in asked]
    table = torch.stack(scores, 1) if scores else torch.zeros(len(label), 0)
    named = [one for tried in pictures for one in (JointVariant("out"), *tried.variants)]
    first = np.cumsum([0, *(tried.of_views for tried in pictures)])[:-1]
    kinds = np.array([one.kind for one in named], object)
    kinds[first] = UNCHANGED
    of_view = [tried for tried in pictures for _ in range(tried.of_views)]
    columns = {
        "index": pa.array([tried.index for tried in of_view], pa.int64()),
        "image": pa.array([tried.path for tried in of_view], pa.string()),
        "label": pa.array(own, pa.string()),
        "kind": pa.array(kinds, pa.string()),
        "a": pa.array([one.a for one in named], pa.string()),
        "b": pa.array([one.b for one in named], pa.string()),
        "fill": pa.array([tried.fill for tried in of_view], pa.string()),
        "kept": pa.array(kept.numpy()),
        "scores": pa.array(list(table.float().numpy()), pa.list_(pa.float32())),
    }
    sound = np.isfinite(table.numpy()).all(1)
    paths, places = [tried.path for tried in pictures], np.array([one.index for one in pictures], np.int64)
    ledger = pa.concat_tables([finished_ledger(paths, places), refusal_table(batch.refusals)])
    return {LEDGER: ledger, PAIR_TRIALS: pa.table(columns).filter(pa.array(sound, pa.bool_()))}


def check_pairs(classifier: Classifier) -> None:
    """Refuse a classifier whose answers cannot show what objects do together."""
    if classifier.values is None and len(classifier.labels) < 2:
        raise SettingError(
            f"effect=pairs measures log-odds, which need two labels or more, and the classifier has one, "
            f"{classifier.labels[0]!r}; give a classifier with more labels"
        )


def measure_pairs(components: Components, evidence_key: str) -> None:
    """Write pair_trials.parquet: objects of the chosen cells, tried together in pictures of the finished evidence."""
    effect, folder = components.effect, components.folder
    assert isinstance(effect, Pairs)
    with components.stage("pairs"):
        run, seed = Run(folder), components.seed
        plan = plan_pairs(run, effect, components.thresholds, seed)
        settings = {name: components.settings[name] for name in ("effect", "threshold", "seed")}
        key = intervention_key(components, evidence_key, settings | {"pairs": plan.labels})
        marks = row_marks(folder, {place: ((), repr(listed)) for place, listed in plan.variants.items()})
        if is_written(folder / parquet(PAIR_TRIALS), key, marks):
            return
        model = Answer(components.classifier)
        answers = AnswerRule.of(components.classifier, run.asked is not None)
        predictions = read_parquet(run.file(PREDICTIONS), columns=["image", "label"])
        wanted = pc.is_in(predictions["image"], pa.array(list(plan.images.values()), pa.string()))
        rows = predictions.filter(wanted).to_pydict()
        label_of = dict(zip(rows["image"], rows["label"], strict=True))
        told = {"key": key, "labels": plan.labels, "rule": rule_of(run, effect), **plan.told}
        made = partial(joint_rows, label_of=label_of, asked=plan.labels, answers=answers)
        images = read_parquet(folder / parquet(LEDGER), columns=["image"])["image"].to_pylist()
        chunks = Chunks(folder, key, PAIR_STATE)
        begin_marked(chunks, folder / parquet(PAIR_TRIALS), marks, images)
        places = np.array(sorted(plan.variants), np.int64)
        left = remaining(chunks, places)
        go_the_same_way(model.classifier, [chunks], run.file(PREDICTIONS), folder / parquet(PAIR_TRIALS))
        model.images = sum(len(plan.variants[place]) for place in left.tolist())
        if len(left):
            samples = _samples(components, run, plan, left)
            writer = WriteChunks(chunks, partial(mark_rows, rows=made, marks=marks))
            pictures = PICTURES_ELSEWHERE if on_accelerator(components.trainer) else PICTURES
            changes = -(-model.images // len(left))
            stream(components, model, samples, [writer], gather_joint, pictures, len(places), changes=changes)
        told[WAY] = model.classifier.way
        blank = made(answers.nothing, gather_joint([]))
        metadata = {METADATA: json.dumps(told).encode(), **marks_metadata(marks)}
        chunks.merge(folder, metadata, (PAIR_TRIALS,), blank, places)


def _samples(components: Components, run: Run, plan: PairPlan, left: np.ndarray) -> JointTrials:
    """Return the pictures that are left to be tried."""
    effect = components.effect
    assert isinstance(effect, Pairs)
    listed = {printable(path): path for path in components.listing}
    gone = [image for image in plan.images.values() if image not in listed]
    if gone:
        raise SettingError(
            f"effect: the data no longer lists {gone[0]}, which the evidence speaks of; explain the pictures again, "
            "or bring them back"
        )
    for note in effect.notes:
        sys.stderr.write(f"{note}\n")
    paths = {image: listed[image] for image in plan.images.values()}
    regions = regions_of_pictures(run, paths, components.thresholds)
    view = components.classifier.view
    return JointTrials(components.data, paths, regions, plan, left, view, effect, components.seed)
