"""YOLO's text files and the names of their classes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emocam.data.annotations.formats import read_annotations
from emocam.data.annotations.masks import draw_mask
from emocam.data.folder import Folder
from emocam.errors import SettingError

RIGHT = "1 0.5 0.5 0.2 0.4\n\n0 0.1 0.1 0.5 0.1 0.1 0.9\n"
NAMES = "names: [cat, dog]\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize(
    "names",
    [
        {"data.yaml": NAMES},
        {"data.yaml": "path: x\nnames:\n  0: cat\n  1: dog\n"},
        {"classes.txt": "cat\ndog\n"},
        {"obj.names": "cat\ndog"},
    ],
)
def test_boxes_and_outlines_are_read(tmp_path: Path, names: dict[str, str]) -> None:
    table = read_annotations(write(tmp_path, {"labels/a.txt": RIGHT, "labels/empty.txt": "", **names}))
    regions = table.regions["labels/a"]
    assert table.objects == ["cat", "dog"] and regions.object.tolist() == [1, 0]
    np.testing.assert_allclose(regions.boxes, [[0.4, 0.3, 0.6, 0.7], [0.1, 0.1, 0.5, 0.9]])
    assert regions.shapes is not None and regions.shapes[0] is None and regions.shapes[1] is not None
    assert len(table.regions["labels/empty"].boxes) == 0


def test_the_yaml_file_itself_may_be_named(tmp_path: Path) -> None:
    write(tmp_path, {"labels/a.txt": RIGHT, "data.yaml": "train: images\nnames: [cat, dog]\n"})
    assert list(read_annotations(tmp_path / "data.yaml").regions) == ["labels/a"]


def test_names_may_lie_above_the_labels(tmp_path: Path) -> None:
    write(tmp_path, {"labels/a.txt": RIGHT, "data.yaml": NAMES})
    assert read_annotations(tmp_path / "labels").objects == ["cat", "dog"]


def test_a_class_that_never_occurs_keeps_its_row(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a.txt": "0 .5 .5 .1 .1", "data.yaml": NAMES, "README.txt": "hello", "train.txt": "./a.jpg"},
    )
    assert read_annotations(tmp_path).objects == ["cat", "dog"]


def test_a_corpus_laid_out_as_yolo_wants_it(corpus, tmp_path: Path) -> None:
    root = corpus("images/train/a.jpg", "images/val/a.jpg")
    write(
        root, {"labels/train/a.txt": "0 .25 .25 .5 .5", "labels/val/a.txt": "1 .5 .5 1 1", "data.yaml": NAMES}
    )
    data = Folder(root=root, annotations=root / "data.yaml", masks=True)
    np.testing.assert_allclose(data.open("images/train/a.jpg").boxes, [[0, 0, 0.5, 0.5]])
    assert data.open("images/val/a.jpg").object.tolist() == [1]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0 .5 .5 .1", r"line 1 must be `class x y width height`, or `class` and an outline"),
        ("0 .5 .5 .1 nan", r"line 1 must be .* got '0 \.5 \.5 \.1 nan'"),
        ("cat .5 .5 .1 .1", "line 1 must be"),
        ("0 .5 .5 .1 .1 .9", "line 1 must be"),
        ("0 .1 .1 .5 .1 .1 .9 .4", "line 1 must be"),
        ("0 50 50 10 10", r"line 1 must be in fractions of the image, \[0, 1\]"),
        ("2 .5 .5 .1 .1", "line 1 must be a class from 0 to 1, got 2"),
        ("0.5 .5 .5 .1 .1", "line 1 must be a class from 0 to 1, got 0.5"),
        ("-1 .5 .5 .1 .1", "line 1 must be a class from 0 to 1"),
        ("0 .5 .5 -.005 .1", "line 1 must be of a size that is not negative"),
    ],
)
def test_a_fault_names_the_file_and_the_line(tmp_path: Path, line: str, sentence: str) -> None:
    write(tmp_path, {"a.txt": line, "data.yaml": NAMES})
    with pytest.raises(SettingError, match=sentence) as told:
        read_annotations(tmp_path)
    assert str(told.value).startswith(f"data.annotations {tmp_path / 'a.txt'}: line 1")


@pytest.mark.parametrize(
    ("yaml", "sentence"),
    [
        ("names: [cat, cat]", "class names must differ, got 'cat' twice"),
        ("names: {0: cat, 2: dog}", "names must be numbered from 0 without a gap"),
        ("names: cat", "names must be a list of classes"),
        ("names: [cat, '']", r"names\[1\] must be a name"),
        ("names: [", "cannot be read as YAML"),
        ("names: !!python/object/apply:os.system ['touch canary']", "cannot be read as YAML"),
        ("names: " + "[" * 5_000, "cannot be read as YAML"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nnames: {0: 1, 5: *c}", "names must be numbered"),
        ("nothing: here", "does not name its classes; expected `names` in data.yaml, or classes.txt"),
    ],
)
def test_names_that_cannot_be_are_told(tmp_path: Path, yaml: str, sentence: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"a.txt": "0 .5 .5 .1 .1", "data.yaml": yaml})
    with pytest.raises(SettingError, match=sentence):
        read_annotations(tmp_path)
    assert not (tmp_path / "canary").exists()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="0123456789.-+eEnaif \n\t", max_size=60))
def test_whatever_stands_in_the_file_is_read_or_told(tmp_path: Path, content: str) -> None:
    write(tmp_path, {"a.txt": content, "data.yaml": NAMES})
    try:
        table = read_annotations(tmp_path)
    except SettingError as told:
        assert "data.annotations" in str(told) and len(str(told)) < 600
    else:
        assert all(np.isfinite(regions.boxes).all() for regions in table.regions.values())


BOX = "0 .5 .5 .2 .4"


@pytest.mark.parametrize(
    "name", ["license_plate_01", "readme_x", "LICENSED", "training", "labels2", "classes_of_cars"]
)
def test_a_label_file_may_be_called_almost_anything(corpus, tmp_path: Path, name: str) -> None:
    write(tmp_path, {f"labels/{name}.txt": BOX, "labels/b.txt": BOX, "data.yaml": NAMES})
    data = Folder(root=corpus(f"{name}.jpg", "b.jpg"), annotations=tmp_path)
    assert len(data.open(f"{name}.jpg").boxes) == len(data.open("b.jpg").boxes) == 1


@pytest.mark.parametrize("name", ["train", "val", "labels", "classes", "README", "license"])
def test_a_picture_of_that_name_makes_a_label_file_of_a_list(corpus, tmp_path: Path, name: str) -> None:
    root = corpus(f"{name}.jpg", "b.jpg")
    for content, boxes in ((BOX, 1), ("", 0)):
        write(tmp_path, {f"{name}.txt": content, "b.txt": BOX, "data.yaml": NAMES})
        data = Folder(root=root, annotations=tmp_path)
        assert len(data.open(f"{name}.jpg").boxes) == boxes
        assert data.notes[-1].endswith("annotates 2 of 2 pictures")


def test_lists_names_and_words_are_no_labels_where_no_picture_is_called_so(corpus, tmp_path: Path) -> None:
    other = {
        "train.txt": "./b.jpg",
        "README.txt": "See the site.",
        "LICENSE.txt": "MIT",
        "README.dataset.txt": "x",
    }
    write(tmp_path, {"b.txt": BOX, "classes.txt": "cat\ndog\n", **other})
    data = Folder(root=corpus("b.jpg"), annotations=tmp_path)
    assert data.objects == ["cat", "dog"] and data.notes[-1].endswith("annotates 1 of 1 pictures")


def test_a_file_of_boxes_counts_whatever_it_is_called(tmp_path: Path) -> None:
    write(tmp_path, {"val.txt": BOX, "data.yaml": NAMES})
    assert list(read_annotations(tmp_path).regions) == ["val"]


def test_text_outside_of_the_folder_of_labels_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"labels/a.txt": BOX, "other/b.txt": BOX, "data.yaml": NAMES, "README.txt": "hello"})
    table = read_annotations(tmp_path)
    assert list(table.regions) == ["labels/a"]
    assert any("1 text files lie in no folder `labels`" in note for note in table.notes)


@pytest.mark.parametrize(
    ("shape", "points"), [("[2, 2]", ".2 .3 .9 .8"), ("[2, 3]", ".2 .3 2 .9 .8 0"), ("[1, 3]", "0 0 0")]
)
def test_of_a_pose_the_box_is_read_and_no_outline_is_made_of_it(
    tmp_path: Path, shape: str, points: str
) -> None:
    yaml = f"{NAMES}kpt_shape: {shape}\n"
    table = read_annotations(write(tmp_path, {"a.txt": f"{BOX} {points}\n{BOX}\n", "data.yaml": yaml}))
    np.testing.assert_allclose(table.regions["a"].boxes, [[0.4, 0.3, 0.6, 0.7]] * 2)
    assert table.regions["a"].shapes is None
    assert any("lines are poses" in note for note in table.notes)


@pytest.mark.parametrize(
    ("line", "shape", "sentence"),
    [
        (f"{BOX} .2 .3", "[2, 2]", "line 1 must be .* or the same and the 4 numbers of kpt_shape"),
        (f"{BOX} .2 .3 .9", "[2, 2]", "line 1 must be"),
        (BOX, "[17]", r"kpt_shape must be \[points, 2 or 3\], got \[17\]"),
        (BOX, "[17, 5]", "kpt_shape must be"),
    ],
)
def test_poses_that_are_not_as_they_should_be_are_told(
    tmp_path: Path, line: str, shape: str, sentence: str
) -> None:
    write(tmp_path, {"a.txt": line, "data.yaml": f"{NAMES}kpt_shape: {shape}\n"})
    with pytest.raises(SettingError, match=sentence):
        read_annotations(tmp_path)


def test_an_oriented_box_is_its_four_corners(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": f"1 .5 .1 .9 .5 .5 .9 .1 .5\n{BOX}", "data.yaml": NAMES})
    table = read_annotations(tmp_path)
    np.testing.assert_allclose(table.regions["a"].boxes, [[0.1, 0.1, 0.9, 0.9], [0.4, 0.3, 0.6, 0.7]])
    shape = (table.regions["a"].shapes or [])[0]
    mask = draw_mask(shape, table.regions["a"].boxes[0])
    assert mask.mean() == pytest.approx(
        0.5, abs=0.02
    )  # a square that stands on its corner fills half its box
    assert any("1 of 2 lines are outlines (segments or oriented boxes)" in note for note in table.notes)


def test_names_of_classes_keep_their_spaces(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": BOX, "classes.txt": " big\tcat \ndog\n\n"})
    assert read_annotations(tmp_path).objects == [" big\tcat ", "dog"]


def test_names_that_are_given_twice_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 .5 .5 .4 .4\n")
    (tmp_path / "data.yaml").write_text("names: [ball, kite]\nnc: 2\nnames: [kite, ball]\n")
    with pytest.raises(SettingError, match=r"data\.yaml: names must be given once"):
        read_annotations(tmp_path)
