"""Processes without equal shares: each picture once, the tables of one process, the counts of three loops.

Of 1, 2, 3 and 4 gloo processes, which are started once and take 24 cells: numbers of pictures, also fewer than
processes, and batch sizes. What passes pictures, shares them out, writes and merges is that of a run; the network
is replaced by numbers made of each picture's place.
"""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from child import fork, warm_up
from steps import Part

IMAGES, BATCHES, MOST = (1, 2, 3, 7, 11, 97, 103, 128), (1, 4, 32), 4
LABELS, OBJECTS = ["joy", "fear", "awe"], ["Balloon", "Tree", "Coin", "Boat", "Kite"]
HANG = 60.0
"""Seconds that a cell may take."""


def evidence(index: list[int]) -> Any:
    """Return what is found in pictures: picture i has i mod 4 regions, all numbers are drawn from i."""
    import torch

    from emocam.records.base import WHOLE
    from emocam.records.detections import Detections
    from emocam.records.evidence import Evidence, Explanation, Prediction

    draws = [np.random.default_rng(i) for i in index]
    logits = np.stack([dice.normal(size=len(LABELS)) for dice in draws]).astype(np.float32)
    rows = [place for place, i in enumerate(index) for _ in range(i % 4)]
    numbers = np.array([draws[place].random(4) for place in rows], np.float32).reshape(-1, 4)
    corner = torch.from_numpy(numbers[:, :2] / 2)
    return Evidence(
        paths=[f"{i:03d}.png" for i in index],
        index=torch.tensor(index),
        prediction=Prediction(torch.from_numpy(logits)),
        explanation=Explanation(torch.ones(len(index), 2, 2), torch.tensor([WHOLE] * len(index))),
        detections=Detections(
            torch.cat([corner, corner + 0.3], 1),
            torch.tensor(
                [int(7 * numbers[n, 0] + index[place]) % len(OBJECTS) for n, place in enumerate(rows)]
            ).long(),
            torch.from_numpy(numbers[:, 2]),
            torch.tensor(rows, dtype=torch.int64),
        ),
        importance=torch.from_numpy(numbers[:, 3]),
    )


def three_loops(found: Any, thresholds: Any) -> list[list[int]]:
    """Count, picture by picture, object by object, region by region."""
    counts = [[0] * len(LABELS) for _ in OBJECTS]
    for picture in range(len(found.paths)):
        label = int(found.prediction.own_logits[picture].argmax())
        for object in range(len(OBJECTS)):
            for region in range(len(found.importance)):
                if (
                    int(found.detections.image[region]) == picture
                    and int(found.detections.object[region]) == object
                    and float(found.detections.score[region]) > thresholds.score
                    and float(found.importance[region]) > thresholds.importance
                ):
                    counts[object][label] += 1
                    break
    return counts


def pass_over(folder: Path, images: int, batch: int, trainer: dict[str, Any]) -> Any:
    """Take this process's part in a pass over pictures, and return the counts that all processes agree on."""
    import pytorch_lightning as lightning
    import torch

    from emocam.metric.association import AssociationMatrix
    from emocam.predict.chunk_writer import WriteChunks
    from emocam.predict.stream import stream
    from emocam.records.thresholds import Thresholds
    from emocam.results.chunks import Chunks
    from emocam.results.tables import evidence_tables

    matrix = AssociationMatrix(len(OBJECTS), len(LABELS), Thresholds(score=0.2))

    class Numbers(lightning.LightningModule):
        def predict_step(self, places: list[int], batch_idx: int = 0) -> Any:
            found = evidence(places)
            logits = found.prediction.own_logits
            sure, regions = torch.ones(len(places)), found.detections
            matrix.update(
                logits.argmax(1), sure, regions.object, regions.image, regions.score, found.importance
            )
            return found

    def rows(found: Any, places: list[int]) -> Any:
        return evidence_tables(found, LABELS, OBJECTS)

    components = SimpleNamespace(data=SimpleNamespace(workers=0), trainer=trainer, quiet=True)
    writer = WriteChunks(Chunks(folder, "key"), rows)
    stream(components, Numbers(), range(images), [writer], list, batch, images)  # type: ignore[arg-type]
    return matrix.compute()


def cell_faults(folder: Path, images: int, counted: Any) -> Iterator[str]:
    """Yield what is wrong with the tables of a cell, and with the counts."""
    import pyarrow.parquet as pq
    from equal import same_rows

    from emocam.records.thresholds import Thresholds
    from emocam.results.chunks import Chunks
    from emocam.results.files import METADATA
    from emocam.results.run import Run
    from emocam.results.tables import evidence_tables

    whole = evidence(list(range(images)))
    names = {"labels": LABELS, "objects": OBJECTS, "key": "key"}
    Chunks(folder, "key").merge(folder, {METADATA: json.dumps(names).encode()}, places=np.arange(images))
    for name, table in evidence_tables(whole, LABELS, OBJECTS).items():
        file = folder / f"{name}.parquet"
        if file.is_file() and not same_rows(pq.read_table(file), table.drop_columns("index")):
            yield f"{name}.parquet has other rows"
    right = three_loops(whole, Thresholds(score=0.2))
    if counted.counts.tolist() != right:
        yield "the processes' counts are others than those of three loops"
    if counted.images.sum() != images:
        yield f"the processes counted {int(counted.images.sum())} pictures"
    if Run(folder).counts(Thresholds(score=0.2)).counts.tolist() != right:
        yield "the tables' counts are others than those of three loops"


def rank_work(rank: int, world: int, folder: Path, cells: list[tuple[int, int]]) -> int:
    """Take part in each cell; the first process checks what they left, and tells of each cell in a line."""
    import torch.distributed as dist
    from pytorch_lightning.plugins.environments import LightningEnvironment
    from pytorch_lightning.strategies import DDPStrategy

    from emocam.results.chunks import Chunks

    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "NODE_RANK": "0", "LOCAL_RANK": str(rank)}
    for number, (images, batch) in enumerate(cells):
        place = folder / f"cell-{number}"
        part = min(world, images)  # as a run starts no more processes than there are pictures
        if rank >= part:
            continue
        if rank == 0:
            Chunks(place, "key").begin()
        wait = timedelta(seconds=HANG)
        dist.init_process_group(
            "gloo", f"file://{folder}/meet-{number}", rank=rank, world_size=part, timeout=wait
        )
        strategy = DDPStrategy(cluster_environment=LightningEnvironment(), process_group_backend="gloo")
        counted = pass_over(
            place, images, batch, {"accelerator": "cpu", "devices": part, "strategy": strategy}
        )
        dist.barrier()
        dist.destroy_process_group()
        if rank == 0:
            try:
                faults = list(cell_faults(place, images, counted))
            except Exception as error:
                faults = [f"{type(error).__name__}: {error}"]
            with (folder / "cells").open("a") as told:
                told.write(json.dumps([images, batch, faults]) + "\n")
    return 0


def step(
    number: int,
    folder: Path,
    shared: Path,
    images: tuple[int, ...] = IMAGES,
    batches: tuple[int, ...] = BATCHES,
) -> dict[str, Any]:
    """Start so many processes, and let them take all cells."""
    warm_up()
    world, cells = number % MOST + 1, list(product(images, batches))
    children = [
        fork(folder, lambda rank=rank: rank_work(rank, world, folder, cells), f"rank-{rank}")
        for rank in range(world)
    ]
    faults = []
    for child in children:
        if (fault := child.fault(HANG * len(cells))) is not None:
            faults.append(f"{world} processes, {fault}")
    lines = (folder / "cells").read_text().splitlines() if (folder / "cells").is_file() else []
    told = [json.loads(line) for line in lines]
    if len(told) != len(cells):
        faults.append(f"{world} processes took {len(told)} of {len(cells)} cells")
    faults += [
        f"{world} processes, {n} pictures, batch {b}: {fault}" for n, b, some in told for fault in some
    ]
    return {"cells": len(told), "as one process": sum(not some for *_, some in told), "faults": faults}


PART = Part(step, MOST)
