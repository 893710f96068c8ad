"""What Insert makes of two pictures."""

import numpy as np
import torch
from PIL import Image

from emocam.effect.base import Cell, Trial
from emocam.effect.insert import Insert
from emocam.effect.parts import NO_REGIONS
from emocam.effect.picture import TriedPicture
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


def pair(seed: int, scale: int = 1, seen: Box = WHOLE) -> tuple[Image.Image, Image.Image]:
    """The target with the object, and with the control."""
    trial = Trial("1.png", CELL, "2.png", ((0.1, 0.2, 0.3, 0.3),))
    target, source = pictures(scale)
    (made,) = Insert().pairs(trial, plain(target), plain(source), seen, Dice(seed))
    return patched(target, made.changed), patched(target, made.control)


def test_object_and_control_lie_at_the_same_random_place() -> None:
    places = set()
    for seed in range(30):
        changed, control = pair(seed)
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


def test_a_source_full_of_the_object_gives_no_pair() -> None:
    trial = Trial("1.png", CELL, "2.png", ((0.0, 0.0, 1.0, 0.7),))
    assert not list(Insert().pairs(trial, *map(plain, pictures()), WHOLE, Dice(0)))


def test_a_rise_to_the_label_counts() -> None:
    assert Insert().effect(torch.tensor([1.0]), torch.tensor([4.0])).tolist() == [3.0]
    assert Insert().flipped(torch.tensor([0, 1]), torch.tensor([1, 1])).tolist() == [False, True]
