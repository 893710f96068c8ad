"""What was decoded as the tables of a run: volumes are images, regions objects, decoded labels the answers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from emocam.cells.verdict import SERIES
from emocam.data.region_pictures import BARS, region_boxes
from emocam.data.regions import Regions
from emocam.decoding.decode import DecodedFilm
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.results.chunks import Chunks
from emocam.results.files import EFFECT, FILES, METADATA, SHIFT_P, parquet
from emocam.results.parquet_file import write_parquet
from emocam.results.tables import evidence_tables, parquet_options

RULE = f"{SERIES}, regions"
"""What was taken away, and what it is held against."""
FILL = "moved"
SURE = 0.05
"""The p of a label from which on its decoder knows nothing, and none of its regions is said to."""
Numbers = NDArray[np.float64]


def write_evidence(
    film: DecodedFilm, data: Regions, chunks: Chunks, names: dict[str, Any], folder: Path
) -> None:
    """Write ledger, predictions, evidence and maps of all volumes."""
    chunks.begin()
    first = 0
    paths = data.paths()
    for run, series in enumerate(film.series):
        last = first + len(series)
        evidence = _evidence(film, data, run, paths[first:last], first)
        rows = evidence_tables(evidence, film.labels, data.objects)
        chunks.write(f"run-{run:06d}", {name: [table] for name, table in rows.items()})
        first = last
    blank = evidence_tables(Evidence.none(len(film.labels)), film.labels, data.objects)
    metadata = {METADATA: json.dumps(names).encode()}
    chunks.merge(folder, metadata, FILES, blank, np.arange(len(paths)))


def _evidence(film: DecodedFilm, data: Regions, run: int, paths: list[str], first: int) -> Evidence:
    """Return the evidence of one run's volumes."""
    logits = film.log_odds(run)
    volumes, regions = film.series[run].shape
    answer = logits.argmax(1)
    share = np.stack([film.shares(run, label) for label in range(len(film.labels))], 1)
    share = share[np.arange(volumes), answer]
    importance, chance = importance_and_chance(share)
    framed = data.frames is not None
    boxes = np.tile(region_boxes(regions, framed), (volumes, 1))
    window = np.tile(np.array([0, 1 - BARS if framed else 0, 1, 1], np.float32), (volumes, 1))
    return Evidence(
        paths=paths,
        index=torch.arange(first, first + volumes),
        prediction=Prediction(torch.from_numpy(logits)),
        explanation=Explanation(
            torch.from_numpy(importance.reshape(volumes, 1, regions)).float(), torch.from_numpy(window)
        ),
        detections=Detections(
            torch.from_numpy(boxes),
            torch.arange(regions).repeat(volumes),
            torch.ones(volumes * regions),
            torch.arange(volumes).repeat_interleave(regions),
        ),
        importance=torch.from_numpy(importance.reshape(-1)).float(),
        chance=torch.from_numpy(chance.reshape(-1)).float(),
        known=_columns([data.known(path) for path in paths]),
    )


def importance_and_chance(share: Numbers) -> tuple[Numbers, Numbers]:
    """Return shares of the log-odds (T, R) as importance and chance (T, R).

    Importance is the share in parts of the volume's highest, 0 where a region speaks against the answer; chance the
    part of the volume's regions with at least as large a share.
    """
    highest = share.max(1, keepdims=True)
    importance = np.where(highest > 0, share.clip(0) / np.where(highest > 0, highest, 1), 0)
    order = np.sort(-share, axis=1)
    rank = np.stack([np.searchsorted(row, -own, side="right") for row, own in zip(order, share, strict=True)])
    return importance, rank / share.shape[1]


def _columns(known: Sequence[dict[str, str | float]]) -> dict[str, list[str | float]]:
    return {name: [facts[name] for facts in known] for name in known[0]}


def write_effect(film: DecodedFilm, data: Regions, key: str, folder: Path) -> None:
    """Write effect.parquet: what each region adds where a label is on, in runs that its decoder did not see.

    That is by how much the log-odds drop when the region's series is moved along time, the mean over all moves; the
    control is the mean of all other regions. A region's p is the share of moved labels for which it adds as much; of
    a label that is not decoded above chance no region is said to tell anything.
    """
    rows = [
        table
        for run in range(len(film.series))
        for label in range(len(film.labels))
        if len(table := _trials(film, data, run, label))
    ]
    table = pa.concat_tables(rows).unify_dictionaries()
    planned, by_cell, p = 0, [], []
    volumes = np.sum([each.sum(0) for each in film.on], axis=0)
    decided = np.where(film.p < SURE, film.region_p, 1.0)
    for label, name in enumerate(film.labels):
        for region, object in enumerate(data.objects):
            planned += int(volumes[label])
            by_cell.append([object, name, int(volumes[label])])
            p.append([object, name, float(decided[region, label])])
    told = {
        "labels": film.labels,
        "key": key,
        "planned": planned,
        "planned_by_cell": by_cell,
        "rule": RULE,
        SHIFT_P: p,
    }
    table = table.replace_schema_metadata({METADATA: json.dumps(told).encode()})
    write_parquet(table, folder / parquet(EFFECT), **parquet_options(table.schema))


def _trials(film: DecodedFilm, data: Regions, run: int, label: int) -> pa.Table:
    """Return a row a region at each of a run's volumes at which a label is on."""
    on = np.flatnonzero(film.on[run][:, label])
    share = film.shares(run, label)[on]
    answer = film.log_odds(run)[on, label]
    regions = share.shape[1]
    others = (share.sum(1, keepdims=True) - share) / max(1, regions - 1)
    flipped, flipped_control = (
        (answer[:, None] > 0) & (answer[:, None] - gone <= 0) for gone in (share, others)
    )
    count = len(on) * regions
    images = np.array([f"run-{run + 1}/{volume:04d}" for volume in on.tolist()], object)
    return pa.table(
        {
            "image": pa.array(np.repeat(images, regions), pa.string()),
            "object": pa.DictionaryArray.from_arrays(
                pa.array(np.tile(np.arange(regions), len(on)), pa.int32()),
                pa.array(data.objects, pa.string()),
            ),
            "label": pa.array([film.labels[label]] * count).dictionary_encode(),
            "fill": pa.array([FILL] * count).dictionary_encode(),
            "effect": share.reshape(-1).astype(np.float32),
            "effect_control": others.reshape(-1).astype(np.float32),
            "flipped": flipped.reshape(-1),
            "flipped_control": flipped_control.reshape(-1),
            "chosen": pa.array(["observed"] * count).dictionary_encode(),
            "control": pa.array(["regions"] * count).dictionary_encode(),
        }
    )
