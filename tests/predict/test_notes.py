"""How a corpus was read goes where its evidence goes: terminal, summary, page, and what is made of it later."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emocam.data.planted import Planted

QUICK = ["logger=null", "cache=null", "trainer=cpu", "data.workers=0", "quiet=true"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures of the world, one of them under two names and with a box that lies outside."""
    Planted(images=4).write(tmp_path / "photos")
    file = tmp_path / "photos/instances.json"
    content = json.loads(file.read_text())
    content["images"].append(content["images"][0] | {"id": 99, "file_name": "./00000.png"})
    box = {"image_id": 99, "category_id": 1, "bbox": [5000, 0, 10, 10]}
    content["annotations"] += [box, {**box, "bbox": [-20, -20, 10, 10]}]
    file.write_text(json.dumps(content))
    return tmp_path / "photos"


def test_notes_stand_on_the_terminal_in_the_summary_and_on_the_page(
    emocam: Callable[..., int], photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = ["data=coco", f"data.root={photos}", "classifier=planted"]
    assert emocam("cam=gradcam", *corpus, *QUICK, "hydra.run.dir=run") == 0
    told = capsys.readouterr().err
    notes = json.loads((tmp_path / "run/summary.json").read_text())["notes"]
    assert "1 pictures are named in more than one spelling" in " ".join(notes)
    assert "2 of " in " ".join(notes) and "lie outside of their picture" in " ".join(notes)
    for note in notes:
        assert note in told
        for page in ("run/report/index.html", "run/summary.html"):
            assert note.partition("photos")[2] in (tmp_path / page).read_text()
    assert json.loads((tmp_path / "run/summary.json").read_text())["images"] == 4
    assert emocam("task=replay", "evidence=run", "hydra.run.dir=again", "logger=null", "cache=null") == 0
    assert json.loads((tmp_path / "again/summary.json").read_text())["notes"] == notes
    shards = [[f"data.shard={i}/2", f"hydra.run.dir=shard{i}"] for i in (1, 2)]
    assert [emocam("cam=gradcam", *corpus, *QUICK, *shard) for shard in shards] == [0, 0]
    assert emocam("merge", "shard1", "shard2", "--out", "whole") == 0
    assert json.loads((tmp_path / "whole/summary.json").read_text())["notes"] == notes


def test_pictures_whose_annotations_hold_nothing_odd_need_no_note(
    emocam: Callable[..., int], tmp_path: Path
) -> None:
    assert emocam(*QUICK, "data.images=3", "hydra.run.dir=run") == 0
    assert json.loads((tmp_path / "run/summary.json").read_text())["notes"] == []
