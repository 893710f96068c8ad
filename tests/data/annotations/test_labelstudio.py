"""Label Studio's JSON export."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emocam.data.annotations.formats import read_annotations
from emocam.data.annotations.labelstudio import image_of
from emocam.errors import SettingError


def rectangle(**value: float) -> dict[str, Any]:
    whole = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["dog"]}
    return {"type": "rectanglelabels", "original_width": 200, "original_height": 100, "value": whole | value}


def task(*results: dict[str, Any], image: str = "/data/upload/1/0123abcd-a.jpg") -> dict[str, Any]:
    return {"id": 1, "data": {"image": image}, "annotations": [{"result": list(results)}]}


def write(folder: Path, content: object) -> Path:
    (folder / "export.json").write_text(json.dumps(content))
    return folder / "export.json"


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/data/upload/1/0123abcd-a.jpg", "/data/upload/1/a.jpg"),
        ("/data/local-files/?d=photos/sub/a%20b.jpg", "photos/sub/a b.jpg"),
        ("https://example.org/photos/a%C3%A9.jpg?size=large", "/photos/a\u00e9.jpg"),
        ("sub/0123abcd-a.jpg", "sub/0123abcd-a.jpg"),
    ],
)
def test_the_address_tells_the_path(address: str, path: str) -> None:
    assert image_of(address) == path


def test_percent_become_fractions(tmp_path: Path) -> None:
    table = read_annotations(write(tmp_path, [task(rectangle()), task(image="b.jpg")]))
    regions = table.regions["/data/upload/1/a.jpg"]
    np.testing.assert_allclose(regions.boxes, [[0.1, 0.2, 0.4, 0.6]])
    assert (table.objects, regions.size, regions.shapes) == (["dog"], (200, 100), None)
    assert len(table.regions["b.jpg"].boxes) == 0


def test_a_turned_rectangle_has_the_box_around_it(tmp_path: Path) -> None:
    # 60 x 40 pixels, turned by a quarter clockwise about its corner at (100, 20): 40 wide to the left, 60 high
    turned = rectangle(x=50, y=20, width=30, height=40, rotation=90)
    regions = read_annotations(write(tmp_path, [task(turned)])).regions["/data/upload/1/a.jpg"]
    np.testing.assert_allclose(regions.boxes * (200, 100, 200, 100), [[60, 20, 100, 80]])


def test_a_polygon_has_a_box_and_an_outline(tmp_path: Path) -> None:
    polygon = {
        "type": "polygonlabels",
        "value": {"points": [[10, 10], [50, 10], [10, 90]], "polygonlabels": ["a", "b"]},
    }
    table = read_annotations(write(tmp_path, [task(polygon, {"type": "choices", "value": {}})]))
    regions = table.regions["/data/upload/1/a.jpg"]
    np.testing.assert_allclose(regions.boxes, [[0.1, 0.1, 0.5, 0.9]] * 2)
    assert table.objects == ["a", "b"] and regions.shapes is not None and len(regions.shapes) == 2


def test_of_several_people_the_first_who_did_not_cancel_counts(tmp_path: Path) -> None:
    cancelled = {"result": [rectangle(rectanglelabels=["cat"])], "was_cancelled": True}
    content = task(rectangle())
    content["annotations"] = [cancelled, *content["annotations"], {"result": [rectangle(), rectangle()]}]
    table = read_annotations(write(tmp_path, [content]))
    assert table.objects == ["dog"] and len(table.regions["/data/upload/1/a.jpg"].boxes) == 1


@pytest.mark.parametrize(
    ("keys", "value", "sentence"),
    [
        ((0, "data"), None, r"\[0\]\.data must be the path of an image"),
        ((0, "annotations"), {}, r"\[0\]\.annotations must be a list"),
        ((0, "annotations", 0, "result"), 3, r"\[0\]\.annotations\[0\]\.result must be a list of objects"),
        ((0, "annotations", 0, "result", 0, "value"), [], r"result\[0\]\.value must be an object"),
        ((0, "annotations", 0, "result", 0, "value", "x"), "1", "must be x, y, width, height in percent"),
        ((0, "annotations", 0, "result", 0, "value", "width"), -1, "of a size that is not negative"),
        ((0, "annotations", 0, "result", 0, "value", "rectanglelabels"), [], "must be a list of names"),
        (
            (0, "annotations", 0, "result", 0, "value", "rectanglelabels", 0),
            5,
            r"rectanglelabels\[0\] must be a name",
        ),
    ],
)
def test_a_fault_names_the_file_and_the_place(
    tmp_path: Path, keys: tuple, value: object, sentence: str
) -> None:
    content: Any = copy.deepcopy([task(rectangle())])
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    with pytest.raises(SettingError, match=sentence) as told:
        read_annotations(write(tmp_path, content))
    assert str(told.value).startswith(f"data.annotations {tmp_path / 'export.json'}: ")


def test_two_tasks_of_one_image_are_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"\[1\]\.data must be of an image that no other task has"):
        read_annotations(write(tmp_path, [task(), task()]))
