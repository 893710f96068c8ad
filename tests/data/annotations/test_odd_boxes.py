"""Boxes outside of their picture and boxes without an area are told in every format."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from emocam.data.folder import Folder

# of a picture of 96 x 64: one inside, two outside, one without width, in pixels
PIXELS = [(10, 10, 20, 20), (96, 0, 120, 64), (-30, -9, -1, -1), (50, 5, 50, 60)]


def coco(folder: Path) -> Path:
    boxes = [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in PIXELS]
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 96, "height": 64}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": box} for box in boxes],
    }
    (folder / "boxes.json").write_text(json.dumps(content))
    return folder / "boxes.json"


def table(folder: Path) -> Path:
    rows = [f"a.jpg,cat,{','.join(map(str, box))}\n" for box in PIXELS]
    (folder / "boxes.csv").write_text("path,label,x0,y0,x1,y1\n" + "".join(rows))
    return folder / "boxes.csv"


def fractions(folder: Path) -> Path:
    rows = [f"a.jpg,cat,{x0 / 96},{y0 / 64},{x1 / 96},{y1 / 64}\n" for x0, y0, x1, y1 in PIXELS]
    (folder / "boxes.csv").write_text("path,label,x0,y0,x1,y1\n" + "".join(rows))
    return folder / "boxes.csv"


def _voc(folder: Path, size: str, scale: int = 1) -> Path:
    boxes = "".join(
        f"<object><name>cat</name><bndbox><xmin>{scale * x0 + 1}</xmin><ymin>{scale * y0 + 1}</ymin>"
        f"<xmax>{scale * x1}</xmax><ymax>{scale * y1}</ymax></bndbox></object>"
        for x0, y0, x1, y1 in PIXELS[:3]  # VOC's boxes are a pixel wide at least
    )
    (folder / "a.xml").write_text(f"<annotation><filename>a.jpg</filename>{size}{boxes}</annotation>")
    return folder / "a.xml"


def voc(folder: Path) -> Path:
    return _voc(folder, "<size><width>96</width><height>64</height></size>")


def voc_without_a_size(folder: Path) -> Path:
    return _voc(folder, "")


def label_studio(folder: Path) -> Path:
    values = [
        {"x": x0 / 0.96, "y": y0 / 0.64, "width": (x1 - x0) / 0.96, "height": (y1 - y0) / 0.64}
        for x0, y0, x1, y1 in PIXELS
    ]
    results = [{"type": "rectanglelabels", "value": v | {"rectanglelabels": ["cat"]}} for v in values]
    task = {"data": {"image": "a.jpg"}, "annotations": [{"result": results}]}
    (folder / "boxes.json").write_text(json.dumps([task]))
    return folder / "boxes.json"


@pytest.mark.parametrize("write", [coco, table, fractions, voc, voc_without_a_size, label_studio])
def test_boxes_outside_are_left_out_and_told(corpus, tmp_path: Path, write: Callable[[Path], Path]) -> None:
    data = Folder(root=corpus("a.jpg", "b.jpg"), annotations=write(tmp_path))
    data.measure()
    empty = 0 if write in (voc, voc_without_a_size) else 1
    notes = " ".join(data.notes)
    assert f"2 of {3 + empty} boxes lie outside of their picture and are left out" in notes
    assert (f"1 of {3 + empty} boxes have no area" in notes) == bool(empty)
    assert len(data.open("a.jpg").boxes) == 1 + empty


def test_boxes_inside_are_not_told(corpus, tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text("path,label,x0,y0,x1,y1\na.jpg,cat,0,0,96,64\na.jpg,cat,-9,5,30,99\n")
    data = Folder(root=corpus("a.jpg"), annotations=tmp_path / "boxes.csv")
    data.measure()
    assert not any("outside" in note or "area" in note for note in data.notes)


def test_pixels_are_those_of_the_picture_that_was_annotated(corpus, tmp_path: Path) -> None:
    """The picture was halved since; its XML file still says what it was."""
    root = corpus("a.jpg")
    data = Folder(
        root=root, annotations=_voc(tmp_path, "<size><width>192</width><height>128</height></size>", scale=2)
    )
    assert data.open("a.jpg").boxes[0].tolist() == pytest.approx([10 / 96, 10 / 64, 20 / 96, 20 / 64])


def test_a_picture_that_lies_on_its_side_is_measured_as_a_person_sees_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (96, 64)).save(tmp_path / "photos/a.jpg", exif=exif)  # seen 64 wide and 96 high
    (tmp_path / "boxes.csv").write_text(
        "path,label,x0,y0,x1,y1\na.jpg,cat,70,2,90,9\na.jpg,cat,2,70,9,90\na.jpg,cat,66,1,80,9\n"
    )
    data = Folder(root=tmp_path / "photos", annotations=tmp_path / "boxes.csv")
    data.measure()
    assert "2 of 3 boxes lie outside" in data.notes[-1] and len(data.open("a.jpg").boxes) == 1


def test_a_row_that_names_an_object_and_no_place_is_told(corpus, tmp_path: Path) -> None:
    rows = "a.jpg,cat,0,0,9,9\na.jpg,dog,,,,\nb.jpg,,,,,\n"
    (tmp_path / "boxes.csv").write_text("path,label,x0,y0,x1,y1\n" + rows)
    data = Folder(root=corpus("a.jpg", "b.jpg"), annotations=tmp_path / "boxes.csv")
    assert "1 rows name an object without saying where it is" in " ".join(data.notes)
