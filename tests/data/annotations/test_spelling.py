"""One picture under several spellings of its name counts once."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from emocam.data.coco import Coco
from emocam.data.files import Files
from emocam.data.findingemo import FindingEmo
from emocam.data.folder import Folder
from emocam.data.table import Table
from emocam.errors import SettingError

ACCENTED = "\u00e9t\u00e9.jpg"


def spellings(root: Path) -> dict[str, tuple[str, str]]:
    """Two names of one picture: as it lies under the root, and as else it may be called."""
    return {
        "dot": ("a.jpg", "./a.jpg"),
        "above": ("a.jpg", f"../{root.name}/a.jpg"),
        "in and out": ("sub/b.jpg", "sub/../sub/b.jpg"),
        "whole": ("a.jpg", str(root / "a.jpg")),
        "capitals": ("a.jpg", "A.JPG"),
        "accents": (ACCENTED, unicodedata.normalize("NFD", ACCENTED)),
    }


KINDS = list(spellings(Path("/x")))


@pytest.fixture
def photos(corpus) -> Path:
    return corpus("a.jpg", "sub/b.jpg", ACCENTED, "other.jpg")


def coco(file: Path, names: list[str], width: int = 96) -> Path:
    """Of each name a box of its own, and one that all have."""
    boxes = [[0, 0, 24, 32], *([24 * i, 0, 24, 64] for i in range(1, len(names) + 1))]
    content = {
        "images": [
            {"id": i, "file_name": name, "width": 96 if i == 1 else width, "height": 64}
            for i, name in enumerate(names, 1)
        ],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"image_id": i, "category_id": 1, "bbox": box}
            for i in range(1, len(names) + 1)
            for box in (boxes[0], boxes[i])
        ],
    }
    file.write_text(json.dumps(content))
    return file


BOXES = [[0, 0, 0.25, 0.5], [0.25, 0, 0.5, 1], [0.5, 0, 0.75, 1]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [Coco, Folder])
def test_a_picture_that_coco_lists_twice_counts_once_with_all_its_boxes(photos, tmp_path, kind, data) -> None:
    own, other = spellings(photos)[kind]
    for names in ([own, other], [other, own]):
        read = data(root=photos, annotations=coco(tmp_path / "boxes.json", names))
        assert read.paths().count(own) == 1 and other not in read.paths()
        assert sorted(read.open(own).boxes.tolist()) == BOXES
        assert "1 pictures are named in more than one spelling" in " ".join(read.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_other_spelling_leads_to_the_picture_too(photos, tmp_path, kind) -> None:
    own, other = spellings(photos)[kind]
    read = Coco(root=photos, annotations=coco(tmp_path / "boxes.json", [other]))
    assert read.paths() == [own] and len(read.open(own).boxes) == 2
    assert not any("spelling" in note for note in read.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_that_names_a_picture_twice_is_a_fault(photos, tmp_path, kind) -> None:
    own, other = spellings(photos)[kind]
    (tmp_path / "list.csv").write_text(f"path,truth\n{own},x\n{other},y\n")
    with pytest.raises(SettingError, match="line 3 must be of a picture that no line before it names"):
        Table(root=photos, file=tmp_path / "list.csv")
    (tmp_path / "list.csv").write_text(f"path,truth\n{other},y\n")
    assert Table(root=photos, file=tmp_path / "list.csv").facts == {own: {"truth": "y"}}


def test_capitals_tell_pictures_apart_where_both_are_there(corpus, tmp_path) -> None:
    root = corpus("a.jpg", "A.jpg")
    for data in (Coco, Folder):
        read = data(root=root, annotations=coco(tmp_path / "boxes.json", ["a.jpg", "A.jpg"]))
        assert [len(read.open(path).boxes) for path in ("a.jpg", "A.jpg")] == [2, 2]


def test_where_a_disk_keeps_no_capitals_both_lead_to_one_picture(photos, tmp_path) -> None:
    (photos / "A.JPG").hardlink_to(photos / "a.jpg")  # as far as names go, this is such a disk
    read = Coco(root=photos, annotations=coco(tmp_path / "boxes.json", ["a.jpg", "A.JPG"]))
    assert read.paths() == ["a.jpg"] and sorted(read.open("a.jpg").boxes.tolist()) == BOXES


def test_two_sizes_of_one_picture_are_a_fault(photos, tmp_path) -> None:
    file = coco(tmp_path / "boxes.json", ["a.jpg", "./a.jpg"], width=50)
    with pytest.raises(
        SettingError, match=r"'a\.jpg' and '\./a\.jpg' are one picture, but their sizes differ"
    ):
        Coco(root=photos, annotations=file)


def test_what_leads_out_of_the_root_stays_and_is_refused_by_the_ledger(photos, tmp_path) -> None:
    names = ["../elsewhere.jpg", "gone.jpg", "/nowhere/a.jpg"]
    assert Coco(root=photos, annotations=coco(tmp_path / "boxes.json", names)).paths() == names


def test_a_link_to_the_root_is_the_root(photos, tmp_path) -> None:
    (tmp_path / "link").symlink_to(photos)
    names = ["a.jpg", str(tmp_path / "link" / "a.jpg")]
    assert Coco(root=photos, annotations=coco(tmp_path / "b.json", names)).paths() == ["a.jpg"]
    assert Coco(root=tmp_path / "link", annotations=coco(tmp_path / "b.json", names)).paths() == ["a.jpg"]


def test_named_files_and_findingemo_see_one_picture_in_two_spellings(corpus, tmp_path) -> None:
    root = corpus("Run_1/Happy/a.jpg")
    file = root / "Run_1/Happy/a.jpg"
    with pytest.raises(SettingError, match="must name different pictures"):
        Files(files=[str(file), str(file.parent / ".." / "Happy" / "a.jpg")])
    head = "image_path,emotion,valence,arousal,ambiguity\n"
    rows = "".join(f"{name},Joy,1,1,1\n" for name in ("Run_1/Happy/a.jpg", "Run_1/./Happy/A.jpg"))
    (root / "annotations_single.ann").write_text(head + rows)
    with pytest.raises(
        SettingError, match=r"'Run_1/Happy/a\.jpg' and 'Run_1/\./Happy/A\.jpg' are one picture"
    ):
        FindingEmo(root=root)


def test_names_of_other_pictures_are_counted(photos, tmp_path) -> None:
    read = Folder(root=photos, annotations=coco(tmp_path / "boxes.json", ["a.jpg", "far/a.jpg", "gone.jpg"]))
    assert np.allclose(read.open("a.jpg").boxes, BOXES[:2])
    assert read.notes[-1].endswith(
        "annotates 1 of 4 pictures; 2 that it names, with 4 boxes, are none of them"
    )
