"""A finished run over two films of grey frames, whose every number is known."""

import json
from pathlib import Path

import numpy as np
import torch

from emocam.callback.base import Finished
from emocam.data.film_writer import FilmWriter
from emocam.data.video import Video
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.thresholds import Thresholds
from emocam.results.chunks import Chunks
from emocam.results.files import METADATA
from emocam.results.run import Run
from emocam.results.tables import evidence_tables

SIZE = (160, 96)
TIMES = {"a.mp4": [0.0, 0.1, 0.15, 0.3, 2.5, 2.6], "b/two.mp4": [1.0, 1.5, 2.0]}
LABELS, OBJECTS = ["time", "Awe"], ["cake", "=house", "boat"]


def level(film: str, frame: int) -> int:
    """The grey of a frame, by which it is known again."""
    return 30 + 20 * frame + (10 if film != "a.mp4" else 0)


def write_films(folder: Path) -> None:
    for name, times in TIMES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with FilmWriter(folder / name) as film:
            for number, time in enumerate(times):
                film.add(np.full((SIZE[1], SIZE[0], 3), level(name, number), np.uint8), time)


def film_run(folder: Path, films: Path, explained: bool = True) -> Finished:
    """Frame n of all has the label n % 2, a cake with importance n / 10, and where n is even a house."""
    names = [f"{name}#t={time:.6f}" for name, times in TIMES.items() for time in times]
    count = len(names)
    logits = torch.eye(2)[torch.arange(count) % 2] * torch.linspace(1, 2, count)[:, None]
    image = torch.tensor([i for i in range(count) for _ in range(2 if i % 2 else 3)])
    object = torch.tensor([o for i in range(count) for o in ([0, 0] if i % 2 else [0, 0, 1])])
    second = torch.cat([torch.zeros(1, dtype=torch.bool), image[1:] == image[:-1]])
    importance = torch.where(second & (object == 0), 0.0, image / 10)
    boxes = torch.tensor([0.55, 0.3, 0.95, 0.9]).repeat(len(image), 1)
    window = torch.tensor([[0.0, 0, 1, 1]]).repeat(count, 1)
    evidence = Evidence(
        names,
        torch.arange(count),
        Prediction(logits, {}),
        Explanation(torch.zeros(count, 2, 2), window) if explained else None,
        Detections(boxes, object, torch.full((len(image),), 0.75), image),
        importance if explained else torch.full((len(image),), torch.nan),
        {
            "source": [name.partition("#")[0] for name in names],
            "time": [float(n.partition("=")[2]) for n in names],
        },
    )
    chunks = Chunks(folder, "key")
    chunks.begin()
    chunks.write("000", {name: [table] for name, table in evidence_tables(evidence, LABELS, OBJECTS).items()})
    told = {"labels": LABELS, "objects": OBJECTS, "version": "0", "key": "key"}
    chunks.merge(folder, {METADATA: json.dumps(told).encode()})
    return Finished(Run(folder), Video(root=films, every=None), Thresholds(0.005, 0.3, 0.0), {})
