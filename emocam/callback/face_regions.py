"""Which regions of the face are looked at: a mean map in one face, regions with intervals, and what was expected."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from emocam.callback.base import Finished
from emocam.callback.cells import images_of
from emocam.callback.slices import Sliced, measured_of, people_of, read_sliced
from emocam.cells.occurrences import LEFT_OUT, Places
from emocam.cells.slices import PeopleSample, mean_rows
from emocam.data.printed import unprinted
from emocam.face.expected import expected_regions
from emocam.face.warp import FaceWarp, mean_face
from emocam.functional.map.mask_overlap import overlap_at_matched_area, overlap_by_chance
from emocam.functional.map.sampled import map_values, mask_cells
from emocam.plot.face_map import MeanMap, face_map_figure, face_region_figure
from emocam.records.face_regions import OUTSIDE
from emocam.results.files import FACE_MAP, FACE_OVERLAP, FACE_REGIONS_TABLE, LABELLED, parquet
from emocam.results.parquet_file import write_frame
from emocam.results.run import encode_names, image_rows, read_boxes, read_masks
from emocam.results.spreadsheet import write_csv

EVERYONE = "all"
"""The name of the only group where a run is not sliced."""
GRID = 64
"""Cells along a picture in which maps and expected regions are laid over one another."""
MOST_FOR_MEAN = 500
"""Faces of which the canonical one is the mean."""
CENTRE = 0.25
"""The width of the Gaussian of the control `centre`, in sides of the picture."""
OVERLAPS = ("iou", "f1", "centre_iou", "centre_f1", "random_iou", "random_f1")
BATCH = 128


class FaceRegions:
    """A callback over faces: face_regions and face_overlap as .parquet and .csv, face_regions.png, face_map.png.

    With `column` all of it is for each of its values, side by side. It does nothing where pictures are no faces
    with all their regions, or no CAM looked at them.
    """

    def __init__(self, column: str | None = None, seed: int = 0) -> None:
        self.column = column
        self.seed = seed

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        if not finished.fixed or OUTSIDE not in finished.run.object_names:
            return {}
        sliced = everyone(finished) if self.column is None else read_sliced(finished, self.column)
        run, whole = finished.run, measured_of(finished, sliced.person)
        regions = mean_rows(sliced.samples(whole), run.object_names, run.label_names, self.seed)
        regions = regions.rename(columns={"object": "region", "mean": "importance"})
        overlap = overlap_rows(finished, sliced, self.seed)
        for name, table in ((FACE_REGIONS_TABLE, regions), (FACE_OVERLAP, overlap)):
            write_frame(table, finished.folder / parquet(name))
            write_csv(table, finished.folder / f"{name}.csv", index=False)
        expected = {label: expected_regions(label, run.object_names) for label in run.label_names}
        units = "groups of pictures that are no persons" if sliced.unknown else "persons"
        face_region_figure(regions, expected, units).savefig(finished.folder / f"{FACE_REGIONS_TABLE}.png")
        drawn = mean_maps(finished, sliced, whole.label)
        if drawn is not None:
            face_map_figure(*drawn).savefig(finished.folder / f"{FACE_MAP}.png")
        return {"face_overlap": overlap_summary(overlap)}


def everyone(finished: Finished) -> Sliced:
    """Return all pictures as one group."""
    people = people_of(finished)
    images = len(finished.occurrences.label)
    return Sliced("", np.full(images, EVERYONE, object), [EVERYONE], people.codes, people.unknown)


@dataclass(frozen=True)
class FaceBlock:
    """Images of a block, from `first` on: maps, windows, and which cells each region covers (B, O, N)."""

    first: int
    maps: Tensor
    window: Tensor
    covered: Tensor


def face_blocks(finished: Finished) -> Iterator[FaceBlock]:
    """Yield the run's images with their regions, a few at a time."""
    run, first = finished.run, 0
    for (images, rows), (maps, window) in zip(run.blocks(LABELLED), run.explanations(), strict=True):
        image = torch.from_numpy(image_rows(rows, images))
        object = torch.from_numpy(encode_names(rows, "object", run.object_names))
        boxes, stored = torch.from_numpy(read_boxes(rows)), read_masks(rows)
        assert stored is not None  # a run whose regions are fixed has masks
        masks = torch.from_numpy(stored)
        for start in range(0, len(images), BATCH):
            part = slice(start, min(start + BATCH, len(images)))
            of = (image >= part.start) & (image < part.stop)
            covered = torch.zeros(
                part.stop - part.start, len(run.object_names), GRID * GRID, dtype=torch.bool
            )
            cells = mask_cells(boxes[of], masks[of], GRID)
            covered[image[of] - part.start, object[of]] = cells
            yield FaceBlock(first + start, maps[part], window[part], covered)
        first += len(images)


def overlap_rows(finished: Finished, sliced: Sliced, seed: int) -> pd.DataFrame:
    """Return a row a group and label of which something is expected, with persons' mean overlaps."""
    run, label = finished.run, finished.occurrences.label
    regions = run.object_names
    expected = torch.zeros(len(run.label_names), len(regions), dtype=torch.bool)
    for number, name in enumerate(run.label_names):
        expected[number] = torch.tensor([r in expected_regions(name, regions) for r in regions])
    at = (torch.arange(GRID) + 0.5) / GRID
    places = torch.stack(torch.meshgrid(at, at, indexing="xy"), -1).reshape(1, -1, 2)
    centre = torch.exp(-((places[0] - 0.5) ** 2).sum(-1) / (2 * CENTRE**2))
    values = np.full((len(label), len(OVERLAPS)), np.nan)
    for block in face_blocks(finished):
        images = slice(block.first, block.first + len(block.maps))
        of = torch.from_numpy(label[images].astype(np.int64)).clamp(min=0)
        inside = block.covered.any(1) & ~block.covered[:, regions.index(OUTSIDE)]
        wanted = (block.covered & expected[of][..., None]).any(1)
        seen = map_values(block.maps, block.window, places.expand(len(of), -1, -1))
        found = [
            *overlap_at_matched_area(seen, wanted, inside),
            *overlap_at_matched_area(centre.expand(len(of), -1), wanted, inside),
            *overlap_by_chance(wanted, inside),
        ]
        values[images] = torch.stack([one.double() for one in found], 1).numpy()
    asked = expected.any(1).numpy()[label.clip(min=0)] & (label != LEFT_OUT) & np.isfinite(values).all(1)
    sample = _sample_of(np.where(asked, label, LEFT_OUT), sliced.person, values)
    table = mean_rows(sliced.samples(sample), list(OVERLAPS), run.label_names, seed)
    table = table.rename(columns={"object": "measure", "mean": "value"})
    named = {name: ", ".join(expected_regions(name, regions)) for name in run.label_names}
    return table.assign(expected=table["label"].map(named))


def _sample_of(label: Places, person: Places | None, values: NDArray[np.float64]) -> PeopleSample:
    """Return a sample of which each column of values (I, C) is an object in every image."""
    known = np.flatnonzero(label != LEFT_OUT)
    image = np.repeat(known, values.shape[1])
    return PeopleSample(
        label, person, image, np.tile(np.arange(values.shape[1]), len(known)), values[known].ravel()
    )


def overlap_summary(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the mean over labels of each measure, by group."""
    means = table.groupby(["slice", "measure"], sort=False)["value"].mean().unstack(0)
    return {
        str(group): {str(name): round(float(value), 4) for name, value in column.items()}
        for group, column in means.items()
    }


def mean_maps(finished: Finished, sliced: Sliced, label: Places) -> tuple[list[MeanMap], FaceWarp] | None:
    """Return the mean map of each group and label in one face; None where the faces' points are not known.

    A person's faces weigh together as much as another's.
    """
    if finished.data is None:
        return None
    points = [finished.data.face_points(unprinted(image)) for image in images_of(finished)]
    known = [one for one in points if one is not None]
    if len(known) != len(points) or not known:
        return None
    step = max(1, len(known) // MOST_FOR_MEAN)
    warp = FaceWarp(mean_face(np.stack(known[::step])))
    group = pd.Index(sliced.names).get_indexer(pd.Index(sliced.value))
    labels = len(finished.run.label_names)
    counted = (group >= 0) & (label != LEFT_OUT)
    cell = np.where(counted, group * labels + label, LEFT_OUT)
    weight = _person_weights(cell, sliced.person)
    total = np.zeros((len(sliced.names) * labels, warp.side**2))
    for block in face_blocks(finished):
        images = np.arange(block.first, block.first + len(block.maps))
        places = torch.from_numpy(np.stack([warp.places(known[i]) for i in images])).float()
        values = map_values(block.maps, block.window, places).double().numpy()
        sure = weight[images] > 0
        np.add.at(total, cell[images][sure], values[sure] * weight[images][sure, None])
    weights = np.bincount(cell[weight > 0], weight[weight > 0], len(total))
    drawn = []
    for number in np.flatnonzero(weights > 0):
        which, of = divmod(int(number), labels)
        picture = (total[number] / weights[number]).reshape(warp.side, warp.side)
        count = int((cell == number).sum())
        drawn.append(MeanMap(sliced.names[which], finished.run.label_names[of], picture, count))
    return drawn, warp


def _person_weights(cell: Places, person: Places | None) -> NDArray[np.float64]:
    """Return one over the images of the same person in the same cell (I,); 0 for images in none."""
    unit = np.arange(len(cell)) if person is None else person.astype(np.int64)
    sure = (cell != LEFT_OUT) & (unit != LEFT_OUT)
    key = unit * (int(cell.max(initial=0)) + 1) + cell
    _, of, count = np.unique(key[sure], return_inverse=True, return_counts=True)
    weight = np.zeros(len(cell))
    weight[sure] = 1 / count[of]
    return weight
