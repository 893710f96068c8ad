"""COCO's JSON: what is right is read, what is not is one sentence with its place."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from emocam.data.annotations.coco import read_coco
from emocam.data.annotations.formats import read_annotations
from emocam.data.annotations.masks import Polygons, Runs
from emocam.data.annotations.outline import unpack
from emocam.data.coco import Coco
from emocam.data.image_file import Refused
from emocam.errors import SettingError

RIGHT: dict[str, Any] = {
    "images": [
        {"id": 1, "file_name": "a.jpg", "width": 100, "height": 50, "truth": "Joy"},
        {"id": "two", "file_name": "sub/b.jpg", "width": 10, "height": 10},
    ],
    "annotations": [
        {
            "image_id": 1,
            "category_id": 7,
            "bbox": [10, 5, 50, 25],
            "segmentation": [[10, 5, 60, 5, 60, 30, 10, 30]],
        },
        {"image_id": 1, "category_id": 3, "bbox": [-20, 0, 40, 50]},
    ],
    "categories": [{"id": 7, "name": "zebra"}, {"id": 3, "name": "ant"}],
}


def write(folder: Path, content: object) -> Path:
    file = folder / "instances.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_boxes_are_fractions_and_rows_follow_categories(tmp_path: Path) -> None:
    table = read_coco(write(tmp_path, RIGHT))
    assert table.objects == ["zebra", "ant"]
    assert list(table.regions) == ["a.jpg", "sub/b.jpg"]
    np.testing.assert_allclose(table.regions["a.jpg"].boxes, [[0.1, 0.1, 0.6, 0.6], [-0.2, 0, 0.2, 1]])
    assert table.regions["a.jpg"].object.tolist() == [0, 1]
    assert table.regions["a.jpg"].size == (100, 50)
    assert len(table.regions["sub/b.jpg"].boxes) == 0
    assert table.truth == {"a.jpg": "Joy"}


def changed(path: str, value: object) -> dict[str, Any]:
    content = copy.deepcopy(RIGHT)
    *keys, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = content
    for key in keys:
        place = place[key]
    place[last] = value
    return content


FAULTS = [
    (
        "annotations.0.bbox",
        [0, 0, float("nan"), 1],
        r"annotations\[0\]\.bbox must be \[x, y, width, height\]",
    ),
    ("annotations.0.bbox", [0, 0, float("inf"), 1], r"annotations\[0\]\.bbox"),
    ("annotations.0.bbox", [0, 0, 10**400, 1], r"annotations\[0\]\.bbox"),
    ("annotations.0.bbox", [60, 30, -50, -25], r"of a size that is not negative, got \[60, 30, -50, -25\]"),
    ("annotations.0.bbox", [0, 0, 1], r"got \[0, 0, 1\]"),
    ("annotations.0.bbox", ["0", 0, 1, 1], r"annotations\[0\]\.bbox"),
    ("annotations.0.bbox", [True, 0, 1, 1], r"annotations\[0\]\.bbox"),
    ("annotations.0.image_id", 99, r"annotations\[0\]\.image_id must be the id of an image, got 99"),
    ("annotations.0.image_id", [1], r"annotations\[0\]\.image_id must be a whole number or a text"),
    ("annotations.0.category_id", 99, r"category_id must be the id of a category, got 99"),
    ("annotations.0", "text", r"annotations\[0\] must be an object, got 'text'"),
    ("images.1.id", 1, r"images\[1\]\.id must be different from all others, got 1"),
    ("images.1.file_name", "a.jpg", r"images\[1\]\.file_name must be different from that of images\[0\]"),
    ("images.0.file_name", None, r"images\[0\]\.file_name must be the path of an image"),
    ("images.0.width", 0, r"images\[0\]\.width and height must be at least 1 pixel, got \[0, 50\]"),
    ("images.0.height", float("nan"), r"images\[0\]\.width and height"),
    ("images.0.width", "100", r"images\[0\]\.width and height"),
    ("images.0", [], r"images\[0\] must be an object"),
    ("images.0.truth", 3, r"images\[0\]\.truth must be a name, got 3"),
    ("categories.1.name", "zebra", r"categories\[1\]\.name must be different from that of categories\[0\]"),
    ("categories.1.name", " ", r"categories\[1\]\.name must be a name"),
    ("categories.1.id", None, r"categories\[1\]\.id must be a whole number or a text"),
    ("categories", {}, "no list categories|no list images"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), FAULTS)
def test_a_fault_names_the_file_and_the_place(
    tmp_path: Path, path: str, value: object, sentence: str
) -> None:
    file = write(tmp_path, changed(path, value))
    with pytest.raises(SettingError, match=sentence) as told:
        read_coco(file)
    assert str(told.value).startswith(f"data.annotations {file}: ")
    assert len(str(told.value)) < 400 and "\n" not in str(told.value)


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 1_000_000, '{"a":' * 100_000, "\x00", "1" * 5000, "null", "[]"]
)
def test_what_is_no_json_of_coco_s_is_one_sentence(tmp_path: Path, content: str) -> None:
    with pytest.raises(SettingError, match=r"instances\.json"):
        read_coco(write(tmp_path, content))


def test_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(SettingError, match="cannot be read as UTF-8 text"):
        read_coco(tmp_path / "x.json")


def test_a_name_that_is_no_text_is_spelt_out(tmp_path: Path) -> None:
    table = read_coco(write(tmp_path, changed("categories.1.name", "a\ud800b")))
    assert table.objects[1] == "a\\ud800b"


def test_a_huge_box_is_the_whole_picture(tmp_path: Path, pictures) -> None:
    content = changed("annotations.0.bbox", [-1e308, -1e308, 1.7e308, 1.7e308])
    pictures.save_photo(tmp_path / "a.jpg", (100, 50))
    boxes = Coco(root=tmp_path, annotations=write(tmp_path, content)).open("a.jpg").boxes
    np.testing.assert_allclose(boxes, [[0, 0, 1, 1], [0, 0, 0.2, 1]])


def test_outlines_become_masks_in_the_frame_of_their_box(tmp_path: Path, pictures) -> None:
    pictures.save_photo(tmp_path / "a.jpg", (100, 50))
    left = {"size": [50, 100], "counts": [0, 10 * 50, 90 * 50]}  # the ten columns on the left
    content = changed("annotations.1.segmentation", left)
    content["annotations"][0]["segmentation"] = [[10, 5, 60, 5, 10, 30]]  # the upper left half of its box
    picture = Coco(root=tmp_path, annotations=write(tmp_path, content), masks=True).open("a.jpg")
    assert picture.masks is not None and picture.masks.shape == (2, 28, 28)
    assert picture.masks[0].mean() == pytest.approx(0.5, abs=0.01)
    assert picture.masks[0][0, 0] == 1 and picture.masks[0][-1, -1] == 0
    # its box is cut to the twenty columns on the left
    assert picture.masks[1][:, :14].min() == 1 and picture.masks[1][:, 14:].max() == 0


def test_without_masks_outlines_are_not_even_read(tmp_path: Path) -> None:
    file = write(tmp_path, changed("annotations.0.segmentation", "nonsense"))
    assert read_coco(file).regions["a.jpg"].shapes is None
    with pytest.raises(SettingError, match=r"annotations\[0\]\.segmentation must be polygons or run lengths"):
        read_coco(file, masks=True)


@pytest.mark.parametrize(
    "outline",
    [
        [[1, 2, 3, 4]],
        [[1, 2, 3, 4, 5, 6, 7]],
        [[1, 2, 3, 4, 5, float("nan")]],
        ["abc"],
        {"size": [50, 100], "counts": [1, 2]},
        {"size": [50, 100], "counts": [-1, 5001]},
        {"size": [10**9, 10**9], "counts": [10**18]},
        {"size": [50], "counts": [50]},
        {"size": [50, 100], "counts": "\u00e9"},
        {"size": [50, 100], "counts": None},
    ],
)
def test_an_outline_that_cannot_be_is_one_sentence(tmp_path: Path, outline: object) -> None:
    with pytest.raises(SettingError, match=r"annotations\[0\]\.segmentation"):
        read_coco(write(tmp_path, changed("annotations.0.segmentation", outline)), masks=True)


def pack(counts: list[int]) -> str:
    """COCO's letters, written the other way round."""
    letters = ""
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        while True:
            bits, value = value & 31, value >> 5
            last = value == (-1 if bits & 16 else 0)
            letters += chr(bits + (0 if last else 32) + 48)
            if last:
                break
    return letters


@given(st.lists(st.integers(0, 10**6), max_size=12))
def test_packed_runs_are_unpacked(counts: list[int]) -> None:
    assert unpack(pack(counts)) == counts


def test_packed_and_plain_runs_are_the_same(tmp_path: Path) -> None:
    found = []
    for counts in ([500, 2000, 2500], pack([500, 2000, 2500])):
        file = write(tmp_path, changed("annotations.0.segmentation", {"size": [50, 100], "counts": counts}))
        (shape, _) = read_coco(file, masks=True).regions["a.jpg"].shapes or (None, None)
        assert isinstance(shape, Runs)
        found.append(shape.counts.tolist())
    assert found[0] == found[1]
    plain = read_coco(write(tmp_path, RIGHT), masks=True).regions["a.jpg"].shapes
    assert plain is not None and isinstance(plain[0], Polygons) and plain[1] is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACES = sorted({path for path, _, _ in FAULTS} | {"annotations.0.segmentation", "annotations.1", "images.1"})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PLACES), value=ANYTHING)
def test_whatever_stands_in_the_file_is_read_or_told(tmp_path: Path, path: str, value: object) -> None:
    file = write(tmp_path, changed(path, value))
    try:
        table = read_coco(file, masks=True)
    except SettingError as told:
        assert str(file) in str(told) and len(str(told)) < 600
    else:
        assert all(np.isfinite(regions.object).all() for regions in table.regions.values())


def test_images_that_the_file_lists_are_the_corpus(tmp_path: Path, pictures) -> None:
    pictures.save_photo(tmp_path / "a.jpg", (100, 50))
    pictures.save_photo(tmp_path / "unlisted.jpg")
    write(tmp_path, RIGHT)
    data = Coco(root=tmp_path)
    assert data.paths() == ["a.jpg", "sub/b.jpg"]
    assert data.labels == ["Joy"]
    assert data.open("a.jpg").known == {"truth": "Joy"}
    with pytest.raises(FileNotFoundError):
        data.open("sub/b.jpg")


def test_annotations_of_another_picture_and_paths_out_of_the_root_are_refused(
    tmp_path: Path, pictures
) -> None:
    pictures.save_photo(tmp_path / "root/a.jpg", (64, 64))
    pictures.save_photo(tmp_path / "secret.jpg")
    data = Coco(
        root=tmp_path / "root", annotations=write(tmp_path, changed("images.1.file_name", "../secret.jpg"))
    )
    with pytest.raises(Refused, match="has 64 x 64 pixels, but its annotations were made on 100 x 50"):
        data.open("a.jpg")
    with pytest.raises(Refused, match="lies outside"):
        data.open("../secret.jpg")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_on_stored_pixels_follow_the_turn(tmp_path: Path, pictures, orientation: int) -> None:
    stored = pictures.save_turned(tmp_path / "a.jpg", orientation)
    x0, y0, x1, y1 = (int(v) for v in pictures.red_box(stored))
    content = changed("annotations", [{"image_id": 1, "category_id": 7, "bbox": [x0, y0, x1 - x0, y1 - y0]}])
    content["images"][0] |= {"width": stored.width, "height": stored.height}
    sideways = orientation > 4
    file = write(tmp_path, content)
    data = Coco(root=tmp_path, annotations=file, drawn_on="auto" if sideways else "stored")
    picture = data.open("a.jpg")
    found = picture.boxes[0] * (*picture.image.size, *picture.image.size)
    np.testing.assert_allclose(found, pictures.red_box(picture.image), atol=1)


def test_an_empty_list_of_images_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"images": [], "annotations": [], "categories": []})
    with pytest.raises(SettingError, match="lists no image"):
        Coco(root=tmp_path)


def test_a_missing_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"there is no file .*instances\.json; give COCO's JSON"):
        Coco(root=tmp_path)


def test_the_real_photos_are_read() -> None:
    root = Path(__file__).parents[3].parent / "shared/data/photos"
    if not root.is_dir():
        pytest.skip("no real photos beside the checkout")
    data = Coco(root=root, masks=True)
    assert len(data.paths()) >= 30 and "person" in data.objects
    for path in data.paths()[:5]:
        picture = data.open(path)
        assert isinstance(picture.image, Image.Image) and picture.masks is not None
        assert (
            len(picture.masks) == len(picture.boxes) and 0 <= picture.masks.min() <= picture.masks.max() <= 1
        )


def without_box(segmentation: object) -> dict[str, Any]:
    content = copy.deepcopy(RIGHT)
    content["annotations"][0] |= {"segmentation": segmentation}
    del content["annotations"][0]["bbox"]
    return content


@pytest.mark.parametrize(
    ("segmentation", "box"),
    [
        ([[10, 5, 60, 5, 60, 30]], [0.1, 0.1, 0.6, 0.6]),
        # 50 high: ten columns outside, then in the eleventh pixels 5 to 9
        ({"size": [50, 100], "counts": [505, 5, 4490]}, [0.1, 0.1, 0.11, 0.2]),
    ],
)
def test_an_outline_without_a_box_has_the_one_around_it(
    tmp_path: Path, segmentation: object, box: list
) -> None:
    table = read_coco(write(tmp_path, without_box(segmentation)))
    np.testing.assert_allclose(table.regions["a.jpg"].boxes[0], box)
    assert table.notes == []


@pytest.mark.parametrize("segmentation", [None, [], {"size": [50, 100], "counts": [5000]}])
def test_keypoints_alone_and_crowds_are_told(tmp_path: Path, segmentation: object) -> None:
    content = without_box(segmentation)
    content["annotations"][1]["iscrowd"] = 1
    table = read_coco(write(tmp_path, content))
    assert len(table.regions["a.jpg"].boxes) == 1
    nowhere, crowds = table.notes
    assert "1 annotations have neither a box nor an outline" in nowhere and "1 boxes are of crowds" in crowds


def test_a_list_of_results_is_no_label_studio(tmp_path: Path) -> None:
    results = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 0.5}]
    with pytest.raises(SettingError, match="is a list of results in COCO's way"):
        read_annotations(write(tmp_path, results))
