"""A page to be shared shows no face that was found."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from emocam.callback.report import Report
from emocam.errors import Refused, SettingError
from emocam.face import blur as faces
from emocam.face.blur import blur_faces, find_faces, without_faces

pytest.importorskip("cv2")


def drawn(side: int = 200) -> Image.Image:
    """A face, soft enough for a cascade that was trained on photos."""
    picture, s = Image.new("L", (side, side), 95), side / 200
    pen = ImageDraw.Draw(picture)
    shapes = [(100, 100, 75, 98, 190), (100, 25, 72, 34, 60), (100, 118, 10, 22, 215), (100, 138, 16, 6, 130)]
    shapes += [(100, 162, 32, 8, 90)]
    for x in (68, 132):
        shapes += [(x, 72, 22, 5, 70), (x, 88, 19, 10, 120), (x, 88, 8, 8, 30)]
    for x, y, rx, ry, grey in shapes:
        pen.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), fill=grey)
    return picture.filter(ImageFilter.GaussianBlur(3 * s))


@pytest.fixture
def scene() -> Image.Image:
    picture = Image.new("RGB", (1800, 900), (95, 95, 95))
    picture.paste(drawn(440).convert("RGB"), (600, 300))
    return picture


def test_a_face_is_found_at_its_place_in_a_large_picture(scene):
    left, top, right, bottom = find_faces(scene)[0]
    assert left <= 700 and right >= 940 and top <= 480 and bottom >= 650  # the features at the least
    assert left >= 500 and right <= 1140


def test_a_blurred_face_is_found_no_more_and_the_rest_is_as_it_was(scene):
    shown = without_faces(lambda path: scene, "blur")("a.jpg")
    assert find_faces(shown) == []
    assert np.array_equal(np.asarray(shown)[:, :450], np.asarray(scene)[:, :450])
    assert len(find_faces(scene)) > 0, "the picture that was given is as it was"


def test_a_picture_with_a_face_is_left_out(scene):
    shown = without_faces({"a.jpg": scene, "b.jpg": Image.new("L", (90, 60))}.__getitem__, "drop")
    assert shown("b.jpg").size == (90, 60)
    with pytest.raises(Refused, match="it shows a face"):
        shown("a.jpg")


def test_nothing_of_a_blurred_place_is_left_but_a_few_means():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (100, 100, 3), np.uint8))
    blur_faces(picture, (10, 20, 60, 70))
    inside = np.asarray(picture)[20:70, 10:60].astype(int)
    assert np.abs(np.diff(inside, axis=0)).max() < 12


def test_another_way_is_told_before_the_work():
    with pytest.raises(SettingError, match=r"callback.report.faces must be null, blur or drop, got 'hide'"):
        Report("hide")


def test_without_opencv_it_says_what_to_install(monkeypatch):
    def absent():
        raise SettingError("classifier.face needs OpenCV 4")

    monkeypatch.setattr(faces, "load_cascade", absent)
    with pytest.raises(SettingError, match=r"^callback.report.faces=blur needs OpenCV 4; pip install"):
        Report("blur")
