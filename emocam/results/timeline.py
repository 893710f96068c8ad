"""The timeline of a run over films: gathered from its tables, written and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emocam.data.address import read_address
from emocam.data.printed import unprinted
from emocam.records.timeline import NO_FACE, Timeline
from emocam.results.files import COUNTED, METADATA, PREDICTIONS, TIMELINE, parquet
from emocam.results.parquet_file import read_parquet, read_schema, write_parquet
from emocam.results.run import Run, encode_names

if TYPE_CHECKING:
    from emocam.records.thresholds import Thresholds

MOST_OBJECTS = 16
"""Objects whose importance a timeline holds, those that count most often."""
KEPT = ("image", "source", "time", "face", "label", "confidence", "shown")
IMPORTANCE = "importance of "


def label_columns(labels: list[str]) -> list[str]:
    """Return the names of the labels' columns: a label that is called like another column has a word more."""
    return [f"{name} (label)" if name in KEPT or name.startswith(IMPORTANCE) else name for name in labels]


def timeline_table(timeline: Timeline) -> pa.Table:
    """Return the rows as a table, with the names in its metadata."""
    face = [None if number == NO_FACE else number for number in timeline.face.tolist()]
    columns: dict[str, Any] = {
        "image": pa.array(timeline.image, pa.string()),
        "source": pa.array(timeline.source, pa.string()),
        "time": timeline.time,
        "face": pa.array(face, pa.int32()),
        "label": pa.array([timeline.labels[place] for place in timeline.label], pa.string()),
        "confidence": timeline.confidence,
        "shown": pa.array(timeline.shown, from_pandas=True),
    }
    columns |= dict(zip(label_columns(timeline.labels), timeline.probability.T, strict=True))
    for name, values in zip(timeline.objects, timeline.importance.T, strict=True):
        columns[f"{IMPORTANCE}{name}"] = pa.array(values, from_pandas=True)
    names = {"labels": timeline.labels, "objects": timeline.objects, "explained": timeline.explained}
    return pa.table(columns).replace_schema_metadata({METADATA: json.dumps(names).encode()})


def write_timeline(timeline: Timeline, folder: Path) -> None:
    """Write timeline.parquet into a run's folder."""
    write_parquet(timeline_table(timeline), folder / parquet(TIMELINE))


def read_timeline(folder: Path) -> Timeline | None:
    """Read the timeline of a run; None where it is not over films."""
    file = folder / parquet(TIMELINE)
    if not file.is_file():
        return None
    table = read_parquet(file)
    names = json.loads((read_schema(file).metadata or {})[METADATA])
    labels, objects = names["labels"], names["objects"]
    probability = [table.columns[len(KEPT) + place].to_numpy() for place in range(len(labels))]
    rest = [table.columns[len(KEPT) + len(labels) + place].to_numpy() for place in range(len(objects))]
    return Timeline(
        table["image"].to_pylist(),
        table["source"].to_pylist(),
        table["time"].to_numpy(),
        np.nan_to_num(table["face"].to_numpy(), nan=NO_FACE).astype(np.int64),
        encode_names(table, "label", labels),
        table["confidence"].to_numpy(),
        _stacked(probability, len(table)),
        _stacked(rest, len(table)),
        labels,
        objects,
        table["shown"].to_numpy().astype(float),
        bool(names["explained"]),
    )


def _stacked(columns: list[np.ndarray], rows: int) -> np.ndarray:
    return np.stack(columns, 1).astype(float) if columns else np.zeros((rows, 0))


def is_over_films(run: Run) -> bool:
    """Return whether a run's images are frames of films, or faces in them, at least some."""
    marked = (
        rows["image"].filter(pc.match_substring(rows["image"].cast(pa.string()), "#t="))
        for rows in run.rows(PREDICTIONS, ["image"])
    )
    images = (image for rows in marked for image in rows.to_pylist())
    return any(read_address(unprinted(image)).time is not None for image in images)


def gather_timeline(run: Run, thresholds: Thresholds, objects: list[int]) -> Timeline:
    """Read a run's frames with the importance of these objects, in one pass over its tables."""
    parts: dict[str, list[Any]] = {name: [] for name in ("image", "address", "confidence", "logits")}
    labels, importance = [], []
    column = {number: place for place, number in enumerate(objects)}
    for images, regions in run.blocks(["image", "label", "confidence", "logits"], COUNTED):
        addresses = [read_address(unprinted(image)) for image in images["image"].to_pylist()]
        framed = np.array([address.time is not None for address in addresses], bool)
        strongest = _strongest(run, images, regions, thresholds, column)
        parts["image"] += [
            image for image, kept in zip(images["image"].to_pylist(), framed, strict=True) if kept
        ]
        parts["address"] += [address for address, kept in zip(addresses, framed, strict=True) if kept]
        parts["confidence"].append(images["confidence"].to_numpy()[framed])
        parts["logits"].append(read_logits(images, len(run.label_names))[framed])
        labels.append(encode_names(images, "label", run.label_names)[framed])
        importance.append(strongest[framed])
    logits = np.concatenate(parts["logits"]) if parts["logits"] else np.zeros((0, len(run.label_names)))
    odds = np.exp(logits - logits.max(1, keepdims=True)) if len(logits) else logits
    addresses = parts["address"]
    return Timeline(
        parts["image"],
        [address.file for address in addresses],
        np.array([address.time for address in addresses], float),
        np.array([NO_FACE if address.face is None else address.face for address in addresses], np.int64),
        np.concatenate(labels) if labels else np.zeros(0, np.int64),
        np.concatenate(parts["confidence"]).astype(float) if labels else np.zeros(0),
        odds / odds.sum(1, keepdims=True) if len(odds) else odds,
        np.concatenate(importance) if importance else np.zeros((0, len(objects))),
        run.label_names,
        [run.object_names[number] for number in objects],
        np.full(len(addresses), np.nan),
        run.explained,
    )


def read_logits(images: pa.Table, labels: int) -> np.ndarray:
    """Return the logits (n, L) of rows of predictions."""
    flat = images["logits"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(-1, labels).astype(float)


def _strongest(
    run: Run, images: pa.Table, regions: pa.Table, thresholds: Thresholds, column: dict[int, int]
) -> np.ndarray:
    """Return the highest importance, or score without a CAM, of each object that is present (n, K)."""
    numbers = run.tensors_of(images, regions)
    image = numbers["image"].numpy()
    there = thresholds.present(numbers["score"], numbers["confidence"][numbers["image"]]).numpy()
    places = np.array([column.get(number, -1) for number in range(len(run.object_names))], np.int64)
    place = places[numbers["object"].numpy()] if len(places) else np.zeros(0, np.int64)
    value = numbers["importance" if run.explained else "score"].numpy().astype(float)
    taken = there & (place >= 0) & np.isfinite(value)
    strongest = np.full((len(images), len(column)), -np.inf)
    np.maximum.at(strongest, (image[taken], place[taken]), value[taken])
    return np.where(np.isfinite(strongest), strongest, np.nan)
