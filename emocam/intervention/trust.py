"""What every method weighs in the pictures whose objects were taken away, for the question which one to believe."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from emocam.cam.base import CAM
from emocam.classifier.base import Classifier
from emocam.data.printed import printable
from emocam.data.samples import Samples, collate
from emocam.detector.nothing import Nothing
from emocam.effect.parts import PictureRegions
from emocam.effect.sampling import shared_order
from emocam.errors import SettingError
from emocam.functional.statistics.faithfulness import LEAST_OBJECTS
from emocam.intervention.method_maps import (
    THRESHOLDS,
    ExplainedLayer,
    MethodMaps,
    batch_regions,
    maps_of,
    method_rows,
    no_method_rows,
)
from emocam.intervention.plan import regions_of_pictures
from emocam.intervention.row_marks import begin_marked, is_written, mark_rows, marks_metadata, row_marks
from emocam.predict.chunk_writer import WriteChunks
from emocam.predict.components import Components
from emocam.predict.keys import intervention_key
from emocam.predict.stream import remaining, stream
from emocam.records.picture import Batch
from emocam.results.chunks import Chunks
from emocam.results.files import EFFECT, LEDGER, METADATA, TRUST, TRUST_STATE, parquet
from emocam.results.parquet_file import read_frame, read_parquet
from emocam.results.run import Run

TOGETHER = 16
"""Pictures of a batch: each is explained by every method."""
CONTROLS = ("random", "uniform", "centre", "edges")


@dataclass(frozen=True)
class TrustPlan:
    """The methods by name, as settings; which layers beside the explained one, and how many pictures."""

    methods: Mapping[str, Mapping[str, Any]]
    layers: Sequence[str] | None
    images: int
    again: int
    noise: float


def measure_trust(components: Components, evidence_key: str, asked: TrustPlan) -> None:
    """Write trust.parquet: what each method weighs in pictures with three or more objects that were taken away."""
    folder, run = components.folder, Run(components.folder)
    told = {name: components.settings[name] for name in ("effect", "threshold", "seed", "importance")}
    key = intervention_key(components, evidence_key, told | {"trust": vars(asked)})
    with components.stage("trust"):
        pictures = comparable_pictures(run, asked.images, components.seed)
        images = read_parquet(folder / parquet(LEDGER), columns=["image"])["image"].to_pylist()
        place_of = {image: place for place, image in enumerate(images)}
        marks = row_marks(folder, {place_of[image]: ((), "trust") for image in pictures})
        if is_written(folder / parquet(TRUST), key, marks):
            return
        regions = regions_of_pictures(run, pictures, components.thresholds)
        listed = {printable(path): path for path in components.listing}
        samples = Samples(
            components.data,
            [listed[image] for image in images],
            np.array(sorted(marks), np.int64),
            components.classifier.view,
            Nothing().view,
        )
        layers, notes = explained_layers(components, asked, samples, regions)
        again = frozenset(pictures[: asked.again])
        model = MethodMaps(layers, components.importance, regions, again, asked.noise, components.seed)
        chunks = Chunks(folder, key, TRUST_STATE)
        begin_marked(chunks, folder / parquet(TRUST), marks, images)
        if len(left := remaining(chunks, samples.index)):
            samples.index = left
            rows = partial(method_rows, layers=layers, regions=regions)
            writer = WriteChunks(chunks, partial(mark_rows, rows=rows, marks=marks))
            stream(components, model, samples, [writer], collate, TOGETHER, len(marks))
        grids = {layer.name: layer.grid for layer in layers}
        words = {"key": key, "grids": grids, "thresholds": THRESHOLDS, "notes": notes, "asked": len(pictures)}
        metadata = {METADATA: json.dumps(words).encode(), **marks_metadata(marks)}
        chunks.merge(folder, metadata, (TRUST,), {TRUST: no_method_rows()}, np.array(sorted(marks), np.int64))


def comparable_pictures(run: Run, most: int, seed: int) -> list[str]:
    """Return at most so many pictures of which three or more objects were tried, in an order by lot."""
    rows = read_frame(run.file(EFFECT), columns=["image", "object", "effect_control"])
    rows = rows[np.isfinite(rows["effect_control"].to_numpy(float))].astype({"image": str, "object": str})
    tried: pd.Series = rows.groupby("image")["object"].nunique()
    return shared_order([str(image) for image in tried.index[tried >= LEAST_OBJECTS]], "trust", seed)[:most]


def explained_layers(
    components: Components, asked: TrustPlan, samples: Samples, regions: Mapping[str, PictureRegions]
) -> tuple[list[ExplainedLayer], list[str]]:
    """Return the layers with the methods that work there, and sentences on those that do not."""
    notes: list[str] = []
    if not len(samples):
        return [], notes
    first = collate([samples[0]])
    found = []
    for name, classifier in classifiers(components, asked.layers):
        cams: dict[str, CAM] = {}
        for method, node in asked.methods.items():
            cam: CAM = components.build_with("cam", {**components.settings, "cam": node})
            if (fault := fault_of(cam, classifier, first, regions)) is None:
                cams[method] = cam
            else:
                notes.append(f"trust: {method} is left out at layer {name}: {fault}")
        found.append(ExplainedLayer(name, classifier, cams, map_grid(classifier, first)))
    for note in notes:
        sys.stderr.write(f"{note}\n")
    return [layer for layer in found if layer.cams], notes


def map_grid(classifier: Classifier, picture: Batch) -> tuple[int, int]:
    """Return the cells of the layer's maps, down and across."""
    if not len(picture):
        return 0, 0
    activation, _ = classifier.cut(classifier.prepare(picture.classifier_view))
    return activation.shape[-2], activation.shape[-1]


def fault_of(
    cam: CAM, classifier: Classifier, picture: Batch, regions: Mapping[str, PictureRegions]
) -> str | None:
    """Return why a method cannot look at a layer, in one line; None where it can."""
    if not len(picture):
        return None
    try:
        maps_of(classifier.freeze(), {"": cam}, picture, batch_regions(picture, regions))
    except (SettingError, RuntimeError, NotImplementedError, AssertionError, TypeError) as error:
        return " ".join(str(error).split())[:160]
    return None


def classifiers(components: Components, layers: Sequence[str] | None) -> list[tuple[str, Classifier]]:
    """Return the classifier cut at the explained layer, and at each other that is asked for."""
    own = components.classifier
    named = components.settings["classifier"]
    wanted = list(own.finer_layers if layers is None else layers)
    if wanted and "layer" not in named:
        if layers is not None:
            raise SettingError(
                "trust.layers: this classifier has no setting classifier.layer, so it is explained at one layer; "
                "leave trust.layers away"
            )
        wanted = []
    found = [(own.layer, own)] if layers is None or not wanted else []
    for layer in wanted:
        settings = {**components.settings, "classifier": {**named, "layer": layer}}
        other: Classifier = components.build_with("classifier", settings)
        other.bf16 = own.bf16
        found.append((other.layer, other))
    return found
