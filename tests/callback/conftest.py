"""A finished run of a few images whose every number is known."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from emocam.callback.base import Finished
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.thresholds import Thresholds
from emocam.results.chunks import Chunks
from emocam.results.files import METADATA
from emocam.results.run import Run
from emocam.results.tables import evidence_tables

LABELS, OBJECTS = ["Joy", "Awe"], ["cake", "house", "boat"]


@pytest.fixture
def finish(tmp_path: Path) -> Callable[..., Finished]:
    """Images of one list each: the predicted label, objects in it, and what is known of it."""

    def finish(
        label: list[int], objects: list[list[int]], known=None, derived=None, confidence=0.0
    ) -> Finished:
        count = len(label)
        logits = torch.eye(2)[torch.tensor(label)] * torch.linspace(1, 2, count)[:, None]
        image = torch.tensor([i for i, found in enumerate(objects) for _ in found], dtype=torch.int64)
        object = torch.tensor([number for found in objects for number in found], dtype=torch.int64)
        boxes, ones = torch.tensor([0.1, 0.1, 0.5, 0.5]).repeat(len(image), 1), torch.ones(len(image))
        evidence = Evidence(
            [f"{i}.jpg" for i in range(count)],
            torch.arange(count),
            Prediction(logits, derived or {}),
            Explanation(torch.zeros(count, 2, 2), torch.tensor([[0.0, 0, 1, 1]]).repeat(count, 1)),
            Detections(boxes, object, ones, image),
            ones,
            known or {},
        )
        chunks = Chunks(tmp_path, "key")
        chunks.begin()
        chunks.write(
            "000", {name: [table] for name, table in evidence_tables(evidence, LABELS, OBJECTS).items()}
        )
        names = {"labels": LABELS, "objects": OBJECTS, "version": "0", "key": "key"}
        chunks.merge(tmp_path, {METADATA: json.dumps(names).encode()})
        return Finished(Run(tmp_path), None, Thresholds(0.005, 0.3, confidence), {})

    return finish
