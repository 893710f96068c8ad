"""One value a picture, from tables of boxes, COCO's images, and what the data set knows."""

import json

import pytest

from emocam.data.coco import Coco
from emocam.data.folder import Folder
from emocam.data.imagefolder import ImageFolder
from emocam.data.table import Table
from emocam.errors import SettingError

BOXES = (
    "path,x0,y0,x1,y1,label,patient,second\na.jpg,0,0,1,1,cat,Ann,3\n"
    "a.jpg,0,0,.5,1,dog,Ann,3\nb.jpg,0,0,1,1,cat,Bo,4.5\n"
)


def test_a_table_of_boxes_says_the_group_of_each_picture(corpus) -> None:
    root = corpus("sub/a.jpg", "b.jpg", "c.jpg")
    (root / "boxes.csv").write_text(BOXES)
    data = Folder(root=root, annotations=root / "boxes.csv", group="patient")
    assert data.groups() == {"sub/a.jpg": "Ann", "b.jpg": "Bo"}
    assert Folder(root=root, annotations=root / "boxes.csv", time="second").times() == {
        "sub/a.jpg": 3,
        "b.jpg": 4.5,
    }
    assert data.times() is None and Folder(root=root, group="auto").groups() is None


def test_rows_of_one_picture_must_agree(corpus) -> None:
    root = corpus("a.jpg", "b.jpg")
    (root / "boxes.csv").write_text(BOXES.replace("dog,Ann", "dog,Eve"))
    with pytest.raises(SettingError, match=r"line 3, patient .*'Ann', as above of the same picture.*Eve"):
        Folder(root=root, annotations=root / "boxes.csv", group="patient").groups()


def test_a_table_of_pictures_may_have_any_column(corpus) -> None:
    root = corpus("a.jpg", "b.jpg")
    (root / "list.csv").write_text("path,patient,second\nb.jpg,Ann,0\na.jpg,,7\n")
    data = Table(file=root / "list.csv", group="patient", time="second")
    assert data.groups() == {"b.jpg": "Ann", "a.jpg": ""}
    assert data.times() == {"b.jpg": 0, "a.jpg": 7}


def test_images_of_coco_say_it_themselves(corpus) -> None:
    root = corpus("a.jpg", "b.jpg")
    images = [
        {"id": i, "file_name": f"{name}.jpg", "width": 8, "height": 8, "video": f"v{i}"}
        for i, name in enumerate("ab")
    ]
    (root / "instances.json").write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    annotations = root / "instances.json"
    assert Coco(root=root, annotations=annotations, group="video").groups() == {"a.jpg": "v0", "b.jpg": "v1"}
    with pytest.raises(SettingError, match=r"data.group: no image of .* says 'vidoe'.*video"):
        Coco(root=root, annotations=annotations, group="vidoe").groups()


def test_what_data_know_can_be_a_group_and_what_they_do_not_is_refused(corpus) -> None:
    root = corpus("joy/a.jpg", "fear/b.jpg")
    assert ImageFolder(root=root, group="truth").groups() == {"fear/b.jpg": "fear", "joy/a.jpg": "joy"}
    with pytest.raises(SettingError, match=r"data.group 'person' is no column of these data"):
        ImageFolder(root=root, group="person").groups()
    with pytest.raises(
        SettingError, match=r"data.group 'person' is no column of these data; expected one of: exif\.camera"
    ):
        Folder(root=root, group="person").groups()
    with pytest.raises(
        SettingError, match=r"data.time must be a number of seconds, got 'fear' of fear/b.jpg"
    ):
        ImageFolder(root=corpus("joy/a.jpg"), time="truth").times()
