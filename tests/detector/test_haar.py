import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter

from emocam.detector.haar import Haar
from emocam.errors import SettingError

cv2 = pytest.importorskip("cv2")
KIDS = Path(__file__).parents[3] / "shared/data/kids_smiling.jpg"


def face(side: int = 200) -> Image.Image:
    """A drawn face, soft enough for a cascade that was trained on photos."""
    picture = Image.new("L", (side, side), 95)
    pen, s = ImageDraw.Draw(picture), side / 200

    def blob(x: float, y: float, rx: float, ry: float, grey: int) -> None:
        pen.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), fill=grey)

    blob(100, 100, 75, 98, 190)
    blob(100, 25, 72, 34, 60)
    for x in (68, 132):
        blob(x, 72, 22, 5, 70)
        blob(x, 88, 19, 10, 120)
        blob(x, 88, 8, 8, 30)
    blob(100, 118, 10, 22, 215)
    blob(100, 138, 16, 6, 130)
    blob(100, 162, 32, 8, 90)
    return picture.filter(ImageFilter.GaussianBlur(3 * s))


def scene(width: int, height: int, left: int, top: int, side: int) -> Image.Image:
    picture = Image.new("RGB", (width, height), (95, 95, 95))
    picture.paste(face(side).convert("RGB"), (left, top))
    return picture


@pytest.mark.parametrize("size", [(900, 450), (450, 900), (700, 700)])
def test_a_drawn_face_is_found_at_its_place(look, size) -> None:
    left, top, side = round(0.3 * size[0]), round(0.4 * size[1]), 220
    found = look(Haar(["face"]), scene(*size, left, top, side))
    assert found.object.tolist() == [0]
    middle = (found.boxes[0, :2] + found.boxes[0, 2:]) / 2 * torch.tensor(size)
    assert (middle - torch.tensor([left + side / 2, top + side / 2])).abs().max() < 0.15 * side
    extent = (found.boxes[0, 2:] - found.boxes[0, :2]) * torch.tensor(size)
    assert ((extent > 0.5 * side) & (extent < 1.1 * side)).all()


def test_nothing_is_found_in_an_even_picture(look) -> None:
    assert len(look(Haar(), Image.new("RGB", (300, 200), (128, 90, 60)))) == 0


def test_smallest_leaves_small_faces_out(look) -> None:
    picture = scene(700, 700, 250, 250, 120)
    assert len(look(Haar(["face"], smallest=0.05), picture)) == 1
    assert len(look(Haar(["face"], smallest=0.5), picture)) == 0


@pytest.mark.skipif(not KIDS.is_file(), reason="no photo of two faces here")
def test_two_children_smile(look) -> None:
    """Both faces, and one false one below them in score; eyes and smiles lie inside of faces."""
    detector = Haar()
    found = look(detector, Image.open(KIDS).convert("RGB"))
    faces = found.boxes[found.object == 0]
    truth = torch.tensor([[0.61, 0.23, 0.79, 0.41], [0.28, 0.25, 0.52, 0.5]])
    torch.testing.assert_close(faces[:2], truth, atol=0.03, rtol=0)
    assert (found.score[found.object == 0] > 0.5).sum() == 2
    assert (found.object == 1).sum() == 2
    assert (found.object == 2).sum() == 1
    for part in found.boxes[found.object > 0]:
        assert ((part[:2] >= faces[:, :2]).all(-1) & (part[2:] <= faces[:, 2:]).all(-1)).any()


def test_an_astronaut_has_one_face(look) -> None:
    photo = Image.fromarray(pytest.importorskip("skimage.data").astronaut())
    found = look(Haar(["face"]), photo)
    best = found.boxes[0] * 512
    assert found.score[0] > 0.9
    torch.testing.assert_close(best, torch.tensor([170.0, 65.0, 275.0, 170.0]), atol=25, rtol=0)


def test_eyes_alone_are_those_in_faces_that_are_not_told(look) -> None:
    picture = scene(700, 700, 200, 200, 300)
    both, alone = look(Haar(["face", "eye"]), picture), look(Haar(["eye"]), picture)
    assert torch.equal(both.boxes[both.object == 1], alone.boxes)


def test_score_is_the_logistic_of_opencvs_vote(look) -> None:
    picture = scene(640, 640, 200, 200, 250)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    grey = cv2.cvtColor(np.array(picture), cv2.COLOR_RGB2GRAY)
    _, _, votes = cascade.detectMultiScale3(grey, 1.1, 3, 0, (32, 32), outputRejectLevels=True)
    found = look(Haar(["face"]), picture)
    assert found.score.tolist() == pytest.approx([1 / (1 + np.exp(2 - float(v))) for v in np.ravel(votes)])


def test_travels_to_another_process(look) -> None:
    detector, picture = Haar(["face"]), scene(640, 640, 200, 200, 250)
    expected = look(detector, picture)
    assert torch.equal(look(pickle.loads(pickle.dumps(detector)), picture).boxes, expected.boxes)


def test_identity_names_the_cascades(look) -> None:
    assert Haar().identity == Haar().identity != Haar(["face"]).identity
    assert Haar(size=320).identity != Haar().identity


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"features": ["nose"]}, "detector.features 'nose' is unknown; expected one of: face, eye, smile"),
        ({"features": ["smlie"]}, "detector.features 'smlie' is unknown; did you mean smile?"),
        ({"features": []}, "detector.features must name at least one of face, eye, smile, each once, got []"),
        ({"size": 8}, "detector.size must be at least 24, got 8"),
        ({"smallest": 0}, "detector.smallest must be in (0, 1], got 0"),
    ],
)
def test_settings_that_cannot_be(settings: dict, sentence: str) -> None:
    with pytest.raises(SettingError) as error:
        Haar(**settings)
    assert str(error.value) == sentence
