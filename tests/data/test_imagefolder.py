"""Class folders as truth."""

import pytest

from emocam.data.imagefolder import ImageFolder
from emocam.errors import SettingError


def test_the_folder_under_root_is_the_label_at_any_depth(corpus) -> None:
    data = ImageFolder(root=corpus("cat/a.jpg", "cat/deep/b.jpg", "dog/a.jpg"))
    assert data.labels == ["cat", "dog"]
    assert [data.open(path).known for path in data.paths()] == [{"truth": t} for t in ("cat", "cat", "dog")]


def test_a_picture_in_no_folder_has_no_label_and_is_told(corpus) -> None:
    root = corpus("cat/a.jpg", "stray.jpg")
    data = ImageFolder(root=root)
    assert data.known("stray.jpg") == {"truth": ""} and data.labels == ["cat"]
    assert data.notes == [f"1 pictures lie in no subfolder of {root}: their label is not known"]


def test_without_folders_it_names_the_other_data_set(corpus) -> None:
    with pytest.raises(SettingError, match=r"has no subfolder with pictures; .* or take data=folder"):
        ImageFolder(root=corpus("a.jpg"))


def test_boxes_come_with_labels(corpus, tmp_path) -> None:
    (tmp_path / "boxes.csv").write_text("path,x0,y0,x1,y1,label\na.jpg,0,0,1,1,tail\n")
    picture = ImageFolder(root=corpus("cat/a.jpg"), annotations=tmp_path / "boxes.csv").open("cat/a.jpg")
    assert picture.known == {"truth": "cat"} and len(picture.boxes) == 1
