"""What Insert makes of two pictures."""

import numpy as np
import pytest
import torch
from PIL import Image

from emocam.effect.base import Cell, Trial
from emocam.effect.insert import Insert
from emocam.effect.parts import NO_REGIONS, PictureRegions
from emocam.effect.picture import TriedPicture
from emocam.errors import SettingError
from emocam.functional.dice import Dice
from emocam.paste.base import Box
from emocam.paste.patch import patched
from emocam.records.base import WHOLE

CELL = Cell("ball", "a", "rank")


def pictures(scale: int = 1) -> tuple[Image.Image, Image.Image]:
    """A black target, and a white source with a red ball on a box of 10 x 5 pixels."""
    source = Image.new("RGB", (50, 50), "white")
    source.paste((255, 0, 0), (5, 10, 15, 15))
    return Image.new("RGB", (50 * scale, 50 * scale), "black"), source


def plain(image: Image.Image) -> TriedPicture:
    return TriedPicture(image, NO_REGIONS)


RULES = [("part", "bare"), ("box", "bare"), ("part", "anywhere"), ("box", "anywhere")]
BALL = (0.1, 0.2, 0.3, 0.3)


def insert(region: str, control: str) -> Insert:
    return Insert(region=region, control=control)  # type: ignore[arg-type]


def pair(
    seed: int, scale: int = 1, seen: Box = WHOLE, rule: tuple[str, str] = ("part", "bare")
) -> tuple[Image.Image, Image.Image]:
    """The target with the object, and with the control."""
    trial = Trial("1.png", CELL, "2.png", (BALL,))
    target, source = pictures(scale)
    known = TriedPicture(source, PictureRegions(["ball"], np.array([BALL], np.float32)))
    (made,) = insert(*rule).pairs(trial, plain(target), known, seen, Dice(seed))
    return patched(target, made.changed), patched(target, made.control)


@pytest.mark.parametrize("rule", RULES, ids=", ".join)
def test_object_and_control_lie_at_the_same_random_place(rule: tuple[str, str]) -> None:
    places = set()
    for seed in range(30):
        changed, control = pair(seed, rule=rule)
        boxes = [image.getbbox() for image in (changed, control)]
        assert boxes[0] is not None and boxes[0] == boxes[1]
        x0, y0, x1, y1 = boxes[0]
        assert (x1 - x0, y1 - y0) == (10, 5)
        assert (np.asarray(changed)[y0:y1, x0:x1] == (255, 0, 0)).all()
        assert (np.asarray(control)[y0:y1, x0:x1] == 255).all()
        places.add((x0, y0))
    assert len(places) > 25


def test_the_object_keeps_its_share_of_the_picture_and_its_proportions() -> None:
    box = pair(0, scale=3)[0].getbbox()
    assert box is not None and (box[2] - box[0], box[3] - box[1]) == (30, 15)


def test_the_object_is_put_where_the_classifier_looks() -> None:
    for seed in range(20):
        box = pair(seed, seen=(0.5, 0.5, 1.0, 1.0))[0].getbbox()
        assert box is not None and min(box[:2]) >= 25


@pytest.mark.parametrize("rule", RULES, ids=", ".join)
def test_a_source_full_of_the_object_gives_no_pair(rule: tuple[str, str]) -> None:
    box = (0.0, 0.0, 1.0, 0.7)
    trial = Trial("1.png", CELL, "2.png", (box,))
    target, source = pictures()
    full = TriedPicture(source, PictureRegions(["ball"], np.array([box], np.float32)))
    assert not list(insert(*rule).pairs(trial, plain(target), full, WHOLE, Dice(0)))


def test_a_part_leaves_at_home_what_lies_before_it_and_a_mask_what_is_around_it() -> None:
    """A red square of which a blue one before it covers a quarter, and of which a mask holds the left half."""
    source = Image.new("RGB", (50, 50), "white")
    source.paste((255, 0, 0), (10, 10, 30, 30))
    source.paste((0, 0, 255), (20, 20, 30, 30))
    boxes = np.array([(0.2, 0.2, 0.6, 0.6), (0.4, 0.4, 0.6, 0.6)], np.float32)
    masks = np.ones((2, 8, 8), np.float32)
    masks[0, :, 4:] = 0
    target = Image.new("RGB", (50, 50), "black")
    trial = Trial("1.png", CELL, "2.png", ((0.2, 0.2, 0.6, 0.6),))
    seen = {}
    for name, region, known in (("part", "part", None), ("box", "box", None), ("mask", "part", masks)):
        picture = TriedPicture(source, PictureRegions(["ball", "cup"], boxes, known))
        (made,) = insert(region, "bare").pairs(trial, plain(target), picture, WHOLE, Dice(0))
        pixels = np.asarray(patched(target, made.changed)).reshape(-1, 3)
        seen[name] = [int((pixels == colour).all(1).sum()) for colour in ((255, 0, 0), (0, 0, 255))]
    assert seen == {"part": [300, 0], "box": [300, 100], "mask": [200, 0]}


def test_a_control_is_cut_where_it_holds_least_of_any_object() -> None:
    source = Image.new("RGB", (50, 50), "white")
    source.paste((255, 0, 0), (0, 0, 10, 10))
    source.paste((0, 255, 0), (10, 0, 50, 40))  # all but the lowest rows and what is under the ball
    boxes = np.array([(0, 0, 0.2, 0.2), (0.2, 0, 1, 0.8)], np.float32)
    target, trial = Image.new("RGB", (50, 50), "black"), Trial("1.png", CELL, "2.png", ((0, 0, 0.2, 0.2),))
    green = {}
    for control in ("bare", "anywhere"):
        picture = TriedPicture(source, PictureRegions(["ball", "lawn"], boxes))
        made = [
            *(insert("part", control).pairs(trial, plain(target), picture, WHOLE, Dice(s)) for s in range(9))
        ]
        images = [np.asarray(patched(target, pair.control)) for pairs in made for pair in pairs]
        green[control] = sum(int((image == (0, 255, 0)).all(-1).sum()) for image in images)
    assert green["bare"] < green["anywhere"] / 20  # of 40 places the barest


def test_a_setting_that_is_neither_is_told() -> None:
    with pytest.raises(SettingError, match=r"effect\.region must be part or box, got .half."):
        insert("half", "bare")


def test_a_rise_to_the_label_counts() -> None:
    assert Insert().effect(torch.tensor([1.0]), torch.tensor([4.0])).tolist() == [3.0]
    assert Insert().flipped(torch.tensor([0, 1]), torch.tensor([1, 1])).tolist() == [False, True]
