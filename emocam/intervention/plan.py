"""What is tried in which picture of a finished run."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emocam.cells.fixed_regions import regions_are_fixed
from emocam.effect.base import Corpus, Effect, Trial
from emocam.effect.parts import PictureRegions
from emocam.effect.sampling import choose_cells
from emocam.paste.base import Box
from emocam.records.thresholds import Thresholds
from emocam.results.files import BOX, LABELLED
from emocam.results.parquet_file import read_parquet
from emocam.results.run import Run, read_boxes, read_masks


def plan(run: Run, effect: Effect, thresholds: Thresholds, seed: int) -> dict[int, list[Trial]]:
    """Plan the trials of each picture, by its place in the ledger."""
    found = run.counts(thresholds)
    cells = choose_cells(
        found.present.numpy(), found.percent.numpy(), run.object_names, run.label_names, effect.budget, seed
    )
    corpus = corpus_of(run, {cell.object for cell in cells}, thresholds)
    present, images = (counted.numpy() for counted in (found.present, found.images))
    corpus = replace(corpus, fixed=regions_are_fixed(run, present, images))
    of_image: dict[str, list[Trial]] = {}
    for trial in effect.trials(cells, corpus, seed):
        of_image.setdefault(trial.image, []).append(trial)
    if run.asked is not None:  # whatever direction is asked, the pictures are changed in the same order
        of_image = {
            image: sorted(listed, key=lambda trial: trial.cell.object) for image, listed in of_image.items()
        }
    images = read_parquet(run.path / "ledger.parquet", columns=["image"])["image"]
    return {place: of_image[name] for place, name in enumerate(images.to_pylist()) if name in of_image}


def regions_of_pictures(
    run: Run, names: Collection[str], thresholds: Thresholds
) -> dict[str, PictureRegions]:
    """Return all present regions of these pictures, of whatever object: the neighbours of what is tried."""
    found: dict[str, PictureRegions] = {}
    wanted = pa.array(sorted(names), pa.string())
    for _, rows in run.blocks(LABELLED):
        there = thresholds.present(rows["score"].to_numpy(), rows["confidence"].to_numpy())
        known = pc.is_in(rows["image"].cast(pa.string()), wanted).to_numpy()
        rows = rows.filter(pa.array(there & known))
        images, boxes, masks = np.array(rows["image"].to_pylist(), object), read_boxes(rows), read_masks(rows)
        objects = rows["object"].to_pylist()
        for image in dict.fromkeys(images.tolist()):
            places = np.flatnonzero(images == image)
            found[image] = PictureRegions(
                [objects[i] for i in places], boxes[places], None if masks is None else masks[places]
            )
    return found


def corpus_of(run: Run, objects: Collection[str], thresholds: Thresholds) -> Corpus:
    """Return the labels of all images that are sure enough, and where in them these objects are present."""
    label: dict[str, str] = {}
    regions: dict[str, dict[str, tuple[Box, ...]]] = {object: {} for object in objects}
    wanted = pa.array(sorted(objects), pa.string())
    for images, rows in run.blocks(LABELLED):
        sure = images.filter(thresholds.confident(images["confidence"].to_numpy()))
        label |= zip(sure["image"].to_pylist(), sure["label"].to_pylist(), strict=True)
        present = thresholds.present(rows["score"].to_numpy(), rows["confidence"].to_numpy())
        rows = rows.filter(pc.and_(pa.array(present), pc.is_in(rows["object"].cast(pa.string()), wanted)))
        boxes = zip(*(rows[name].to_pylist() for name in BOX), strict=True)
        for image, object, box in zip(
            rows["image"].to_pylist(), rows["object"].to_pylist(), boxes, strict=True
        ):
            held = regions[object]
            held[image] = (*held.get(image, ()), box)
    return Corpus(label, regions, run.asked is not None)
