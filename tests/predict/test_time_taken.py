"""A long run says what it took, how much of that was for finding objects, and what would take less."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emocam.detector.annotations import Annotations
from emocam.predict import time_taken as module
from emocam.predict.time_taken import time_taken


@pytest.mark.parametrize(
    ("seconds", "detecting", "sentence"),
    [
        (299, 299, ""),
        (600, 588, "explaining took 10 minutes, 98 % of them for finding objects; take another"),
        (600, 60, "explaining took 10 minutes, 10 % of them for finding objects"),
        (36_000, 18_000, "explaining took 10 hours, 50 % of them for finding objects; take another"),
        (600, 601, "explaining took 10 minutes, 100 % of them for finding objects; take another"),
    ],
)
def test_the_sentence(seconds: float, detecting: float, sentence: str) -> None:
    assert time_taken(seconds, detecting, "take another") == sentence


def test_the_summary_of_a_long_run_has_it(
    emocam: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Annotations.forward

    def slowly(self: Annotations, batch: object) -> object:
        time.sleep(0.5)
        return found(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "LONG", 0)
    monkeypatch.setattr(Annotations, "forward", slowly)
    monkeypatch.setattr(Annotations, "advice", "take another")
    words = [
        "data.images=4",
        "data.workers=0",
        "quiet=true",
        "logger=null",
        "cache=null",
        "~callback.overlay",
    ]
    assert emocam(*words, "hydra.run.dir=run") == 0
    took = json.loads(Path("run/summary.json").read_text())["took"]
    assert took.startswith("explaining took 0 minutes, ") and took.endswith("objects; take another")
