"""The pictures that a page shows with their predictions, maps and boxes: the second pass over a run's files."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emocam.plot.outline import outline_path
from emocam.results.files import BOX, MASK
from emocam.results.pairs import picture_of
from emocam.results.run import Run, encode_names, read_masks

MOST_PROBABLE = 20
"""Of more than ALL_PROBABLE labels the likeliest whose probabilities are told."""
ALL_PROBABLE = 100
MOST_BOXES = 20
"""The most boxes of one object in one picture, the strongest."""


def thumbnail_file(place: int) -> str:
    """Return the file of a picture's thumbnail in the report, 1,000 to a folder."""
    return f"thumbnails/{place // 1000:03d}/{place:06d}.webp"


@dataclass
class Example:
    """A picture: its number in the run, its prediction and its map in bytes (h, w), 255 for 1."""

    place: int
    path: str
    label: int
    confidence: float
    probabilities: list[float] | list[tuple[int, float]]
    truth: str | None = None
    map: dict[str, Any] | None = None
    size: tuple[int, int] | None = None
    boxes: dict[int, list[list[Any]]] = field(default_factory=dict)

    @property
    def thumbnail(self) -> str:
        """The file of its thumbnail in the report."""
        return thumbnail_file(self.place)

    def in_words(self, object: int) -> dict[str, Any]:
        """Return the picture as the page's data gives it, with the boxes of one object."""
        return self._common() | {"boxes": self.boxes.get(object, [])}

    def whole(self) -> dict[str, Any]:
        """Return all about the picture: the boxes of all objects, and the probability of each label."""
        return self._common() | {"objects": self.boxes, "probabilities": self.probabilities}

    def _common(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "id": self.place,
            "path": self.path,
            "label": self.label,
            "confidence": self.confidence,
        }
        if self.truth is not None:
            data["truth"] = self.truth
        if self.map:
            data["map"] = self.map
        if self.size:
            data["size"] = self.size
        return data


def _rows_of(block: pa.Table, images: pa.Array) -> pa.Table:
    return block.filter(pc.is_in(block["image"], value_set=images))


def _find_places(run: Run, images: pa.Array) -> dict[int, NDArray[np.intp]]:
    """Return where the images are: by row group, their places among all predictions."""
    found = {}
    start = 0
    for number, rows in enumerate(run.row_groups("predictions", columns=["image"])):
        here = np.flatnonzero(pc.is_in(rows["image"], value_set=images))
        if len(here):
            found[number] = here + start
        start += len(rows)
    return found


def _read_predictions(
    run: Run, images: pa.Array, places: Mapping[int, NDArray[np.intp]]
) -> dict[str, Example]:
    examples = {}
    for here, block in zip(places.values(), run.row_groups("predictions", places), strict=True):
        rows = _rows_of(block, images)
        labels = encode_names(rows, "label", run.label_names)
        truths = rows["truth"].to_pylist() if "truth" in rows.column_names else [None] * len(rows)
        logits = np.array(rows["logits"].to_pylist(), float).reshape(len(rows), len(run.label_names))
        probabilities = told_probabilities(_probabilities(logits, run.many).round(4))
        for i, path in enumerate(rows["image"].to_pylist()):
            confidence = rows["confidence"][i].as_py()
            truth = None if truths[i] is None else str(truths[i])
            examples[path] = Example(
                int(here[i]), picture_of(path), int(labels[i]), confidence, probabilities[i], truth
            )
    return examples


def told_probabilities(probabilities: np.ndarray) -> list[Any]:
    """Return each picture's probabilities, or of many labels those of the likeliest, as pairs (label, probability)."""
    if probabilities.shape[1] <= ALL_PROBABLE:
        return probabilities.tolist()
    likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :MOST_PROBABLE]
    values = np.take_along_axis(probabilities, likeliest, 1)
    return [
        [*zip(labels, shares, strict=True)]
        for labels, shares in zip(likeliest.tolist(), values.tolist(), strict=True)
    ]


def _probabilities(logits: np.ndarray, many: bool) -> np.ndarray:
    """Return the probability of each label (n, L)."""
    if many:
        return 1 / (1 + np.exp(-logits))
    exponentials = np.exp(logits - logits.max(1, keepdims=True)) if len(logits) else logits
    return exponentials / exponentials.sum(1, keepdims=True)


def _add_maps(run: Run, images: pa.Array, examples: dict[str, Example], groups: Iterable[int] | None) -> int:
    """Give each example its map, and return how many maps of these row groups are flat, by default of all."""
    flat = 0
    for block in run.row_groups("maps", groups):
        cells = block["map"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        ends = np.cumsum(pc.list_value_length(block["map"]).to_numpy())
        rows = np.flatnonzero(pc.is_in(block["image"], value_set=images))
        flat += count_flat(cells, ends)
        if not len(rows):
            continue
        sizes = block.drop_columns("map").take(rows).to_pylist()
        for at, row in zip(rows, sizes, strict=True):
            values = cells[ends[at] - row["height"] * row["width"] : ends[at]]
            levels = np.clip(np.nan_to_num(values) * 255, 0, 255).round().astype(np.uint8)
            window = [round(row[side], 4) for side in BOX]
            stored = {"cells": b64encode(levels.tobytes()).decode(), "shape": [row["height"], row["width"]]}
            examples[row["image"]].map = stored if window == [0, 0, 1, 1] else stored | {"window": window}
    return flat


def count_flat(cells: NDArray[np.floating], ends: NDArray[np.integer]) -> int:
    """Count the maps without any cell but 0, of all their cells one after another and where each map ends."""
    other = np.append(0, np.cumsum(cells != 0))[ends]
    return int(np.sum(np.diff(other, prepend=0) == 0))


def _regions_of(run: Run, images: pa.Array, groups: Iterable[int], columns: Sequence[str]) -> pa.Table | None:
    """Read the regions of these images, which are in these row groups; None without any."""
    masks = [MASK] * run.masked
    parts = [_rows_of(block, images) for block in run.row_groups("evidence", groups, [*columns, *masks])]
    return pa.concat_tables(parts).unify_dictionaries() if parts else None


def _add_boxes(run: Run, images: pa.Array, examples: dict[str, Example], groups: Iterable[int]) -> None:
    """Give each example its boxes (x0, y0, x1, y1, score, what decides), with the outline of a mask as text."""
    thresholds = run.thresholds
    asked = [*BOX, "score", thresholds.decides]
    rows = _regions_of(run, images, groups, ["image", "object", *asked])
    if rows is None:
        return
    numbers = rows.select(asked).to_pandas()
    numbers[[*BOX]] = numbers[[*BOX]].astype(float).round(4)
    boxes_of_rows = numbers.astype(object).where(numbers.notna(), None).to_numpy().tolist()
    masks = read_masks(rows)
    if masks is not None:
        boxes_of_rows = [[*box, outline_path(box[:4], masks[i])] for i, box in enumerate(boxes_of_rows)]
    objects = encode_names(rows, "object", run.object_names).tolist()
    for path, thing, box in zip(rows["image"].to_pylist(), objects, boxes_of_rows, strict=True):
        examples[path].boxes.setdefault(thing, []).append(box)

    def strength(box: list[Any]) -> float:
        score, decisive = box[4:6]
        return score if decisive is None else thresholds.strength(score, decisive, run.explained)

    for example in examples.values():
        for thing, boxes in example.boxes.items():
            boxes.sort(key=strength, reverse=True)
            example.boxes[thing] = boxes[:MOST_BOXES]


def box_counts(run: Run, box: list[Any]) -> bool:
    """Return whether a box (x0, y0, x1, y1, score, what decides) of a picture that counts, counts itself."""
    score, decisive = np.array(box[4:6], np.float32)
    looked_at = not run.explained or bool(run.thresholds.looked_at(decisive, decisive))
    return bool(run.thresholds.detected(score)) and looked_at


def find_examples(
    run: Run, pairs: pd.DataFrame, more: Sequence[str] = (), flat: int | None = None
) -> tuple[dict[str, Example], int]:
    """Return all pictures of `pairs`, and `more`, by path, and how many maps of the run are flat.

    Where that is known already, only the row groups that hold these pictures are read.
    """
    wanted = dict.fromkeys([*pairs["image"].astype(str).unique(), *more])
    images = pa.array(list(wanted), pa.string())  # without a region it has no type
    places = _find_places(run, images)
    examples = _read_predictions(run, images, places)
    _add_boxes(run, images, examples, places)
    if not run.explained:
        return examples, 0
    counted = _add_maps(run, images, examples, None if flat is None else places)
    return examples, counted if flat is None else flat
