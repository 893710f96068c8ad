"""The toy network judges its own drawn pictures; of others it is asked by name, and every page says what it is."""

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from emocam.data.coco import Coco
from emocam.data.folder import Folder
from emocam.data.planted import Planted
from emocam.predict.toy_network import TOY, knows

QUICK = ["logger=null", "cache=null", "trainer=cpu", "data.workers=0", "quiet=true"]


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    Planted(images=4).write(tmp_path / "drawn")
    return tmp_path / "drawn"


@pytest.fixture
def photos(drawn: Path, tmp_path: Path) -> Path:
    """The same pictures and boxes, in a file that does not say that they were drawn."""
    shutil.copytree(drawn, tmp_path / "photos")
    content = json.loads((drawn / "instances.json").read_text())
    del content["info"]
    (tmp_path / "photos/instances.json").write_text(json.dumps(content))
    return tmp_path / "photos"


def test_other_pictures_need_a_classifier_by_name(
    emocam: Callable[..., int], photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam("cam=gradcam", "data=coco", f"data.root={photos}", *QUICK, "hydra.run.dir=run") == 1
    told = capsys.readouterr().err
    assert told.startswith("classifier is not set, and the default, planted, is a toy network")
    assert "classifier=torchvision" in told and "classifier=timm" in told and told.count("\n") == 1
    assert not (tmp_path / "run/predictions.parquet").exists()


def test_where_it_was_named_terminal_and_pages_say_what_it_is(
    emocam: Callable[..., int], photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data=coco", f"data.root={photos}", "classifier=planted", *QUICK]
    assert emocam("-m", "cam=gradcam,uniform", *words, "hydra.sweep.dir=sweep") == 0
    told = capsys.readouterr()
    assert TOY in told.out and TOY in told.err
    for page in ("0/report/index.html", "0/summary.html", "report/index.html"):
        assert TOY in (tmp_path / "sweep" / page).read_text()
    assert TOY in json.loads((tmp_path / "sweep/1/summary.json").read_text())["notes"]


@pytest.mark.parametrize("words", [["data=coco"], ["data=folder", "detector=nothing"]])
def test_an_exported_world_is_no_other_pictures(
    emocam: Callable[..., int], drawn: Path, tmp_path: Path, words: list[str]
) -> None:
    assert emocam(*words, f"data.root={drawn}", *QUICK, "hydra.run.dir=run") == 0
    assert json.loads((tmp_path / "run/summary.json").read_text())["notes"] == []


def test_an_export_to_which_a_photo_was_added_is_one_no_more(drawn: Path, photos: Path) -> None:
    for data in (Coco, Folder):
        assert data(root=drawn).drawn_world == "standard"
        assert data(root=photos).drawn_world is None
    shutil.copy(drawn / "00000.png", drawn / "holiday.png")
    assert Folder(root=drawn).drawn_world is None and Coco(root=drawn).drawn_world == "standard"


def test_an_export_in_a_tar_is_one_until_a_photo_is_added(drawn: Path, tmp_path: Path) -> None:
    tar, listed = tmp_path / "drawn.tar", drawn / "instances.json"
    with tarfile.open(tar, "w") as shard:
        shard.add(drawn, arcname="")
    assert Folder(root=tar, annotations=listed).drawn_world == "standard"
    with tarfile.open(tar, "a") as shard:
        shard.add(drawn / "00000.png", arcname="holiday.png")
    assert Folder(root=tar, annotations=listed).drawn_world is None


def test_the_network_of_another_world_knows_them_not(
    emocam: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Planted(images=2, world="nothing").write(tmp_path / "drawn")
    assert emocam("data=coco", f"data.root={tmp_path / 'drawn'}", *QUICK) == 1
    assert "classifier.world=nothing is the one of these" in capsys.readouterr().err
    assert emocam("data=coco", f"data.root={tmp_path / 'drawn'}", "classifier.world=nothing", *QUICK) == 0


def test_photographs_that_are_drawn_show_the_standard_worlds_objects(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    drawn, own = Planted(images=2, world="photographs"), Planted(images=2)
    own.world, own.root = "photographs", tmp_path / "photos"
    assert knows("standard", drawn) and not knows("nothing", drawn)
    assert not knows("standard", own)
