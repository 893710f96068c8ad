"""What every option of conf/detector owes, each built from its own yaml."""

from collections.abc import Iterator
from pathlib import Path

import hydra
import pytest
import torch
from PIL import Image
from torchvision.ops import box_iou

from emocam.detector.base import Detector
from emocam.errors import SettingError
from emocam.records.detections import Detections
from emocam.runner.kinds import KINDS
from emocam.settings.build import build

CONF = Path(__file__).parents[2] / "conf"
OPTIONS = sorted(path.stem for path in (CONF / "detector").glob("*.yaml"))


def words(option: str, request: pytest.FixtureRequest) -> list[str]:
    """Settings with which an option needs no download, where a fixture `OPTION_words` of conftest.py has any."""
    try:
        return request.getfixturevalue(f"{option}_words")
    except pytest.FixtureLookupError:
        return []


@pytest.fixture(params=OPTIONS)
def detector(request: pytest.FixtureRequest) -> Iterator[Detector]:
    option: str = request.param
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = hydra.compose(f"detector/{option}", overrides=["+seed=0", *words(option, request)])
    try:
        detector = build(cfg.detector, "detector", [], KINDS["detector"])
    except SettingError as error:
        if "pip install" not in str(error):  # a library that is optional may be absent
            raise
        pytest.skip(str(error))
    detector.set_annotated_objects(["cup", "hat"])
    yield detector.eval()


@pytest.fixture
def annotated() -> Detections:
    boxes = torch.tensor([[0.1, 0.2, 0.4, 0.5], [0.0, 0.0, 1.0, 1.0]])
    return Detections(boxes, torch.tensor([1, 0]), torch.ones(2), torch.zeros(2, dtype=torch.int64))


def test_objects_are_different_names(detector) -> None:
    assert all(isinstance(name, str) and name.strip() for name in detector.objects)
    assert len(set(detector.objects)) == len(detector.objects)


def test_regions_lie_in_the_image_and_above_the_score(detector, look, pictures, annotated) -> None:
    found = look(detector, *pictures, annotated=annotated)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= 1).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
    assert (found.score > detector.score).all()
    assert (found.score <= 1).all()
    assert ((found.object >= 0) & (found.object < len(detector.objects))).all()
    assert found.object.dtype == found.image.dtype == torch.int64
    assert (found.image.diff() >= 0).all()


def test_three_pictures_are_as_one_and_one_and_one(detector, look, pictures, annotated) -> None:
    together = look(detector, *pictures, annotated=annotated)
    for i, picture in enumerate(pictures):
        alone, mine = look(detector, picture, annotated=annotated), together.image == i
        same = (box_iou(alone.boxes, together.boxes[mine]) > 0.99) & (
            alone.object[:, None] == together.object[mine]
        )
        # random networks have near ties, which the order of a sum may decide
        assert same.any(1).sum() >= 0.95 * len(alone)
        assert same.any(0).sum() >= 0.95 * mine.sum()


def test_the_same_picture_gives_the_same_regions(detector, look, pictures) -> None:
    once, again = look(detector, pictures[0]), look(detector, pictures[0])
    assert torch.equal(once.boxes, again.boxes)
    assert torch.equal(once.score, again.score)


def test_a_picture_of_one_pixel_is_no_accident(detector, look) -> None:
    found = look(detector, Image.new("RGB", (1, 1), "red"), Image.new("RGB", (300, 1), "blue"))
    assert (found.score > detector.score).all()


def test_identity_is_words_or_none(detector) -> None:
    assert detector.identity is None or (len(detector.identity) > 20 and "device" not in detector.identity)
