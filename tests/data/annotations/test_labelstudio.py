"""Label Studio's JSON export."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emocam.data.annotations.formats import read_annotations
from emocam.data.annotations.labelstudio import image_of
from emocam.data.annotations.masks import Runs, bounds, draw_mask
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


SIZE = {"original_width": 200, "original_height": 100}


def shape(type: str, id: str = "x", **value: object) -> dict[str, Any]:
    return {"id": id, "type": type, "value": value, **SIZE}


def regions_of(tmp_path: Path, *results: dict[str, Any]):
    table = read_annotations(write(tmp_path, [task(*results, image="a.jpg")]))
    return table, table.regions["a.jpg"]


def test_an_ellipse_has_the_box_around_it_and_its_area(tmp_path: Path) -> None:
    flat = shape("ellipselabels", x=50, y=50, radiusX=20, radiusY=10, rotation=0, ellipselabels=["dog"])
    _, regions = regions_of(tmp_path, flat)
    np.testing.assert_allclose(regions.boxes, [[0.3, 0.4, 0.7, 0.6]])
    mask = draw_mask(regions.shapes[0], regions.boxes[0])
    assert mask.mean() == pytest.approx(np.pi / 4, abs=0.01)
    # radii of 40 and 10 pixels, turned by a quarter about its middle
    turned = shape("ellipselabels", x=50, y=50, radiusX=20, radiusY=10, rotation=90, ellipselabels=["dog"])
    _, regions = regions_of(tmp_path, turned)
    np.testing.assert_allclose(regions.boxes * (200, 100, 200, 100), [[90, 10, 110, 90]], atol=0.01)


def packed(mask: np.ndarray) -> list[int]:
    """Pixels of red, green, blue and alpha as runs of bits, written from the description of the format."""
    values = np.repeat(mask.ravel() * 255, 4)
    bits = f"{len(values):032b}" + f"{8 - 1:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    place = 0
    while place < len(values):
        run = next((i for i, v in enumerate(values[place:]) if v != values[place]), len(values) - place)
        run = min(run, 1 << 8)
        if run > 3:  # one word, repeated; counted in eight bits
            bits += "1" + "10" + f"{run - 1:08b}" + f"{values[place]:08b}"
        else:  # each word by itself; counted in three bits
            bits += "0" + "00" + f"{run - 1:03b}" + "".join(f"{v:08b}" for v in values[place : place + run])
        place += run
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def test_a_brush_is_what_it_touched(tmp_path: Path) -> None:
    mask = np.zeros((10, 20), int)
    mask[2:5, 4:12] = 1
    mask[7, 3] = 1
    brush = shape("brushlabels", format="rle", rle=packed(mask), brushlabels=["dog"])
    brush |= {"original_width": 20, "original_height": 10}
    table, regions = regions_of(tmp_path, brush)
    np.testing.assert_allclose(regions.boxes * (20, 10, 20, 10), [[3, 2, 12, 8]])
    np.testing.assert_array_equal(regions.shapes[0].mask, mask.astype(bool))
    assert table.objects == ["dog"] and table.notes == []


@pytest.mark.parametrize("start", [0, 1])
def test_masks_become_runs_and_back(start: int) -> None:
    mask = np.random.default_rng(3).random((7, 5)) > 0.5
    mask[0, 0] = bool(start)
    runs = Runs.of(mask)
    np.testing.assert_array_equal(runs.mask, mask)
    assert runs.counts.sum() == 35 and (runs.counts[0] == 0) == bool(start)
    rows, columns = np.nonzero(mask)
    corners = [columns.min() / 5, rows.min() / 7, (columns.max() + 1) / 5, (rows.max() + 1) / 7]
    np.testing.assert_allclose(bounds(runs), corners)


@pytest.mark.parametrize("change", ["cut", "other size", "word", "huge"])
def test_a_brush_that_cannot_be_is_told(tmp_path: Path, change: str) -> None:
    rle: list[Any] = packed(np.eye(10, dtype=int))
    rle = rle[:9] if change == "cut" else ["a"] if change == "word" else rle
    brush = shape("brushlabels", rle=rle, brushlabels=["dog"])
    side = {"other size": 11, "huge": 10**6}.get(change, 10)
    brush |= {"original_width": side, "original_height": side}
    with pytest.raises(SettingError, match=r"result\[0\]\.value\.rle must be a packed brush"):
        regions_of(tmp_path, brush)


def test_a_shape_and_its_name_in_two_results_are_one_region(tmp_path: Path) -> None:
    box = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
    results = [
        shape("rectangle", "1", **box),
        shape("labels", "1", **box, labels=["dog"]),
        shape("polygon", "2", points=[[0, 0], [50, 0], [0, 50]]),
        shape("labels", "2", points=[[0, 0], [50, 0], [0, 50]], labels=["cat", "pet"]),
        shape("labels", "3", **box, labels=["fox"]),  # the export of a project with names alone
        {"id": "1", "type": "choices", "value": {"choices": ["sleeps"]}},
    ]
    table, regions = regions_of(tmp_path, *results)
    found = {table.objects[o]: box for o, box in zip(regions.object, regions.boxes.tolist(), strict=True)}
    assert len(regions.boxes) == 4 and table.notes == []
    assert found["dog"] == found["fox"] == pytest.approx([0.1, 0.2, 0.4, 0.6])
    assert found["cat"] == found["pet"] == pytest.approx([0, 0, 0.5, 0.5])


def test_what_is_no_region_is_counted_by_its_kind(tmp_path: Path) -> None:
    point = {"x": 5, "y": 5, "width": 0.3}
    results = [
        rectangle(),
        shape("keypointlabels", "1", **point, keypointlabels=["nose"]),
        shape("keypointlabels", "2", **point, keypointlabels=["ear"]),
        {"type": "videorectangle", "value": {"sequence": [{"frame": 1, **point}], "labels": ["cup"]}},
        shape("vectorlabels", "3", vertices=[{"x": 1, "y": 1}], vectorlabels=["line"]),
        shape("rectangle", "4", x=1, y=1, width=5, height=5),
        shape("brushlabels", "5", rle=packed(np.zeros((10, 10), int)), brushlabels=["dog"])
        | {"original_width": 10, "original_height": 10},
        {"type": "relation", "from_id": "1", "to_id": "2"},
        {"type": "textarea", "value": {"text": ["x"]}},
    ]
    table, regions = regions_of(tmp_path, *results)
    assert len(regions.boxes) == 1
    (note,) = table.notes
    assert "2 keypointlabels" in note and "1 vectorlabels" in note and "1 videorectangle" in note
    assert "1 regions without a name" in note and "1 empty brushes" in note
    assert "relation" not in note and "textarea" not in note


def test_annotations_that_are_not_read_are_counted(tmp_path: Path) -> None:
    several, guessed = task(rectangle(), image="a.jpg"), task(image="b.jpg")
    several["annotations"] *= 2
    guessed |= {"annotations": [], "predictions": [{"result": [rectangle()]}]}
    notes = " ".join(read_annotations(write(tmp_path, [several, guessed])).notes)
    assert "1 pictures were annotated by several people" in notes
    assert "1 pictures have predictions alone" in notes


@pytest.mark.parametrize("data", ["a.jpg", ["a.jpg"], 3, None, {}, {"image": 3}])
def test_data_that_names_no_image_is_told(tmp_path: Path, data: object) -> None:
    with pytest.raises(SettingError, match=r"\[0\]\.data must be the path of an image"):
        read_annotations(write(tmp_path, [task() | {"data": data}]))


def test_of_several_texts_the_one_that_ends_as_pictures_do_is_the_image(tmp_path: Path) -> None:
    content = task() | {"data": {"caption": "a dog", "image": "https://x.org/a.jpg?size=1", "other": "b.txt"}}
    assert list(read_annotations(write(tmp_path, [content])).regions) == ["/a.jpg"]


@pytest.mark.parametrize("turned", ["a lot", float("nan")])
def test_a_turn_that_is_no_number_is_told(tmp_path: Path, turned: object) -> None:
    with pytest.raises(SettingError, match="rotation must be a number of degrees"):
        regions_of(tmp_path, rectangle(rotation=turned))


def test_a_turned_region_needs_its_picture_s_size(tmp_path: Path) -> None:
    turned = rectangle(rotation=30)
    del turned["original_width"]
    with pytest.raises(SettingError, match="original_width and original_height must be at least 1 pixel"):
        regions_of(tmp_path, turned)


words = st.sampled_from(
    ["rectanglelabels", "labels", "rectangle", "brushlabels", "ellipse", "polygonlabels", "x", 3]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.sampled_from(["a", "dog", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["x", "y", "width", "height", "rotation", "points", "rle", "labels", "radiusX", "radiusY"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.fixed_dictionaries({"type": words, "value": anything, "id": anything}), max_size=4), anything
)
def test_whatever_stands_in_the_file_is_read_or_told(tmp_path: Path, results: list, data: object) -> None:
    content = [{"data": data, "annotations": [{"result": results}]}, task(*results, image="b.jpg")]
    for part in (content[:1], content[1:]):
        try:
            table = read_annotations(write(tmp_path, part))
        except SettingError as told:
            assert "data.annotations" in str(told) and len(str(told)) < 700
        else:
            assert all(np.isfinite(regions.boxes).all() for regions in table.regions.values())
