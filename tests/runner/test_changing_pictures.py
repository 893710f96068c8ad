"""A picture that changes while a run looks at it is told, and never counted as what it was."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import emocam.task.association as task
from emocam.callback.cells import Cells
from emocam.data.folder import Folder
from emocam.data.samples import WRITTEN_TO, Samples
from emocam.records.picture import Picture, Refusal
from emocam.view.crops import Stretch, Unchanged

Command = Callable[..., int]
NAMES = ("a.png", "b.png", "c.png")
QUICK = ("logger=null", "cache=kept", "quiet=true", "data.workers=0", "data.batch_size=1")
WORDS = (
    "~callback.report",
    "~callback.stability",
    "~callback.unexplained",
    "data=folder",
    "data.root=pics",
    "data.annotations=given.json",
    "cam=gradcam",
    "classifier=planted",
)
EFFECT = ("+effect=erase", "effect.least=1", "effect.fills=[grey]", "threshold.importance=0")
TABLES = ("ledger", "predictions", "evidence", "maps", "effect", "cells")


def draw(name: str, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (48, 48, 3), np.uint8)
    Path("pics").mkdir(exist_ok=True)
    Image.fromarray(pixels).save(Path("pics", name))


@pytest.fixture
def corpus(emocam: Command) -> Command:
    for seed, name in enumerate(NAMES):
        draw(name, seed)
    images = [{"id": i, "file_name": name, "width": 48, "height": 48} for i, name in enumerate(NAMES)]
    boxes = [{"id": i, "image_id": i, "category_id": 1, "bbox": [8, 8, 20, 20]} for i in range(len(NAMES))]
    categories = [{"id": 1, "name": "Ball"}]
    given = {"images": images, "annotations": boxes, "categories": categories}
    Path("given.json").write_text(json.dumps(given))
    return emocam


def same_tables(one: str, other: str) -> bool:
    pairs = [[pd.read_parquet(f"{folder}/{name}.parquet") for folder in (one, other)] for name in TABLES]
    return all(a.equals(b) for a, b in pairs)


def changing_before(patch: pytest.MonkeyPatch, place: object, name: str) -> None:
    """Let a picture change once, right before a function is called."""
    function = getattr(place, name)

    def later(*given: object, **options: object) -> object:
        patch.undo()
        draw("b.png", 99)
        return function(*given, **options)

    patch.setattr(place, name, later)


def test_a_picture_that_changes_before_its_effect_is_measured_ends_the_run_and_is_explained_again(
    corpus: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        changing_before(patch, task, "measure_effect")
        assert corpus(*QUICK, *WORDS, *EFFECT, "hydra.run.dir=run") == 1
    told = "data: 'b.png' is another picture than when it was explained; the same command in this folder"
    assert told in capsys.readouterr().err
    assert corpus(*QUICK, *WORDS, *EFFECT, "hydra.run.dir=run") == 0
    assert corpus(*QUICK, *WORDS, *EFFECT, "hydra.run.dir=fresh", "cache=null") == 0
    assert same_tables("run", "fresh")


def test_a_picture_that_changes_while_the_page_is_made_leaves_no_finished_run(
    corpus: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        changing_before(patch, Cells, "on_run_end")
        assert corpus(*QUICK, *WORDS, "hydra.run.dir=run") == 1
    assert "such as 'b.png'; the same command in this folder" in capsys.readouterr().err
    assert not Path("run/files.json").exists()


def test_a_replay_over_changed_pictures_keeps_its_numbers_and_says_so(
    corpus: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert corpus(*QUICK, *WORDS, "hydra.run.dir=run") == 0
    draw("b.png", 99)
    words = ("logger=null", "cache=kept", "quiet=true", "task=replay", "evidence=run", "hydra.run.dir=again")
    assert corpus(*words) == 0
    told = "have changed since they were explained, such as 'b.png'; the numbers are those of before"
    assert told in capsys.readouterr().err
    assert any(told in note for note in json.loads(Path("again/summary.json").read_text())["notes"])


def another_for_a_moment(patch: pytest.MonkeyPatch, name: str, when: Callable[[Folder], bool]) -> None:
    """Let a folder's picture be another one while it is opened, and what it was afterwards."""
    for way in ("open", "open_small"):
        usual = getattr(Folder, way)

        def opened(data: Folder, path: str, *side: int, usual: Callable[..., Picture] = usual) -> Picture:
            if path != name or not when(data):
                return usual(data, path, *side)
            kept = Path("pics", path).read_bytes()
            draw(path, 99)
            picture = usual(data, path, *side)
            Path("pics", path).write_bytes(kept)
            return picture

        patch.setattr(Folder, way, opened)


def again_only(data: Folder) -> bool:
    return data.explained is not None


@pytest.mark.parametrize(
    ("again", "workers"), [(EFFECT, 2), (("paste=grid", "paste.positions=[[0.5,0.5]]"), 0)]
)
def test_a_picture_that_is_another_while_it_is_opened_again_ends_the_run_in_a_sentence(
    corpus: Command,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    again: tuple[str],
    workers: int,
) -> None:
    words = (*QUICK, *WORDS, *again, f"data.workers={workers}", "hydra.run.dir=run")
    with monkeypatch.context() as patch:
        another_for_a_moment(patch, "b.png", again_only)
        assert corpus(*words) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("data: 'b.png' is another picture than when it was explained; the same command")
    assert corpus(*words) == 0


@pytest.mark.slow
def test_a_page_does_not_show_a_picture_that_is_another_while_it_is_opened_again(
    corpus: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_for_a_moment(monkeypatch, "b.png", again_only)
    words = [word for word in WORDS if word != "~callback.report"]
    assert corpus(*QUICK, *words, "hydra.run.dir=run") == 0
    assert len(list(Path("run/report/thumbnails").rglob("*.webp"))) == len(NAMES) - 1


def test_a_row_is_of_the_bytes_that_were_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    draw("a.png", 0)
    data, turns = Folder(root="pics"), iter([True])
    another_for_a_moment(monkeypatch, "a.png", lambda _: next(turns, False))
    seen = Samples(data, data.paths(), np.arange(1), Stretch((48, 48)), Unchanged())[0]
    first = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    assert not isinstance(seen, Refusal)
    assert (seen.classifier_view.numpy() == first.transpose(2, 0, 1)).all()


class Restless(Folder):
    """A folder whose first picture is written to whenever it is opened, so many times."""

    times = 1

    def open(self, path: str):
        picture = super().open(path)
        if path == "a.png" and self.times:
            self.times -= 1
            draw(path, 50 + self.times)
        return picture


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_is_written_to_while_it_is_read_is_read_again_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.chdir(tmp_path)
    draw("a.png", 0)
    data = Restless(root="pics")
    data.times = times
    seen = Samples(data, data.paths(), np.arange(1), Stretch((48, 48)), Unchanged())[0]
    if times == 3:
        assert isinstance(seen, Refusal) and (seen.status, seen.reason) == ("unreadable", WRITTEN_TO)
        return
    assert not isinstance(seen, Refusal)
    last = np.random.default_rng(50).integers(0, 256, (48, 48, 3), np.uint8)
    assert (seen.classifier_view.numpy() == last.transpose(2, 0, 1)).all()
