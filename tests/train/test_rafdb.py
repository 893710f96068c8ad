"""What the small network for faces reaches on RAF-DB, where somebody has it: research data that nobody passes on.

EMOCAM_RAFDB names a folder with `train` and `test`, in each a folder a label: six expressions, aligned faces.
"""

import json
import os
from pathlib import Path

import pytest

FACES = Path(os.environ.get("EMOCAM_RAFDB", "RAF-DB is not there"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (FACES / "train").is_dir(), reason="EMOCAM_RAFDB names no folder with RAF-DB"),
]
POINTS = {1: ("accuracy", 0.84), 0: ("balanced_accuracy", 0.73)}
"""The figure at each operating point, and what it is at least."""


def test_both_operating_points_are_reached_without_a_test_face(emocam) -> None:
    train = ("task=train", "classifier=compact_face", "classifier.weights=random", "logger=null")
    data = ("data=imagefolder", f"data.root={FACES / 'train'}")
    words = ("train.epochs=16", "train.adjust=1", "train.keep=last", "hydra.run.dir=trained")
    assert emocam(*train, *data, *words) == 0
    for adjust, (figure, least) in POINTS.items():
        weights = ("classifier=compact_face", "classifier.weights=trained/weights.safetensors")
        held = ("data=imagefolder", f"data.root={FACES / 'test'}", f"classifier.adjust={adjust}")
        assert emocam("task=evaluate", *weights, *held, "logger=null", f"hydra.run.dir=point{adjust}") == 0
        found = json.loads(Path(f"point{adjust}/evaluation.json").read_text())
        assert found[figure] >= least
