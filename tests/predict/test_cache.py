"""A finished run lends its evidence, and only where an own pass would have found the same."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from emocam.predict.explain import Explain
from emocam.results.verify import folder_faults

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "~callback.stability", "data.workers=0", "cache=kept")
WORLD = ("+cam=gradcam", "data.images=6")
TABLES = ("ledger", "predictions", "evidence", "maps")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each step explained."""
    seen: list[int] = []
    step = Explain.predict_step

    def listen(self: Explain, batch, batch_idx: int = 0):
        seen.append(len(batch))
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Explain, "predict_step", listen)
    return seen


def summary(folder: str) -> dict:
    return json.loads(Path(folder, "summary.json").read_text())


def test_the_same_command_elsewhere_explains_nothing_and_says_so(
    emocam: Command, asked: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam(*QUICK, *WORLD, "hydra.run.dir=one") == 0
    assert sum(asked) == 6 and "evidence taken from" not in capsys.readouterr().out
    assert "evidence_from" not in summary("one")
    assert emocam(*QUICK, *WORLD, "hydra.run.dir=two", "threshold.importance=0.1") == 0
    one = str(Path("one").absolute())
    told = capsys.readouterr().out.splitlines()
    assert sum(asked) == 6
    assert f"evidence taken from {one} (same settings and pictures)" in told
    assert "6 images: 6 explained, 0 unreadable, 0 refused, 0 lost" in told
    assert summary("two")["evidence_from"] == one and summary("two")["images_per_second"] is None
    for name in TABLES:
        assert Path(f"one/{name}.parquet").read_bytes() == Path(f"two/{name}.parquet").read_bytes()
    assert list(folder_faults(Path("two"))) == []
    assert emocam(*QUICK, *WORLD, "hydra.run.dir=two", "threshold.importance=0.1") == 0
    assert summary("two")["evidence_from"] == one


@pytest.mark.parametrize(
    "words", [("seed=1",), ("cam=layercam",), ("importance=mass",), ("fast=false",), ("cache=null",)]
)
def test_what_decides_the_evidence_is_asked_anew(emocam: Command, asked: list[int], words) -> None:
    emocam(*QUICK, *WORLD, "hydra.run.dir=one")
    assert emocam(*QUICK, *(word for word in WORLD if not words[0].startswith("cam=")), *words) == 0
    assert sum(asked) >= 12


def test_other_batches_and_a_paste_take_it(emocam: Command, asked: list[int]) -> None:
    emocam(*QUICK, *WORLD, "hydra.run.dir=one")
    sticker = Path("ball.png")
    Image.new("RGBA", (8, 8), "red").save(sticker)
    words = ("data.batch_size=2", "+paste=grid", f"paste.objects=[{sticker}]", "paste.positions=[[0.5,0.5]]")
    assert emocam(*QUICK, *WORLD, *words, "hydra.run.dir=two") == 0
    assert sum(asked) == 6 and len(pd.read_parquet("two/paste.parquet")) == 6


def test_several_methods_in_one_pass_take_what_is_known(emocam: Command, asked: list[int]) -> None:
    emocam(*QUICK, *WORLD, "hydra.run.dir=one")
    words = ("cam=joined", "cam.methods=[gradcam,layercam]", "data.images=6", "hydra.run.dir=both")
    assert emocam(*QUICK, *words) == 0
    assert "evidence_from" in summary("both/0") and "evidence_from" not in summary("both/1")
    assert sum(asked) == 12


def test_a_lender_that_was_touched_or_is_gone_lends_nothing(emocam: Command, asked: list[int]) -> None:
    emocam(*QUICK, *WORLD, "hydra.run.dir=one")
    file = Path("one/evidence.parquet")
    file.write_bytes(file.read_bytes()[:-100])
    assert emocam(*QUICK, *WORLD, "hydra.run.dir=two") == 0
    assert sum(asked) == 12
    Path("two").rename("three")
    assert emocam(*QUICK, *WORLD, "hydra.run.dir=four") == 0
    assert sum(asked) == 18 and list(folder_faults(Path("four"))) == []


def test_only_a_picture_that_changed_is_explained_again(emocam: Command, asked: list[int]) -> None:
    Path("photos").mkdir()
    for name in "ab":
        Image.new("RGB", (64, 64), "green").save(f"photos/{name}.png")
    words = ("+cam=gradcam", "data=folder", "data.root=photos", "classifier=planted", "detector=nothing")
    emocam(*QUICK, *words, "hydra.run.dir=one")
    assert emocam(*QUICK, *words, "hydra.run.dir=two") == 0 and sum(asked) == 2
    Image.new("RGB", (64, 64), "brown").save("photos/b.png")
    os.utime("photos/b.png", ns=(0, 0))
    assert emocam(*QUICK, *words, "hydra.run.dir=three") == 0 and sum(asked) == 3


def test_classes_of_ones_own_are_asked_each_time(
    emocam: Command, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    emocam(*QUICK, *WORLD, "allow=[mine]", "hydra.run.dir=one")
    assert emocam(*QUICK, *WORLD, "allow=[mine]", "hydra.run.dir=two") == 0
    assert sum(asked) == 12
