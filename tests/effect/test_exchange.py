"""Another picture's region takes the place of a picture's: where, in what colour, and of which pictures."""

import numpy as np
import pytest
from PIL import Image

from emocam.effect.base import Cell, Corpus, Trial
from emocam.effect.erase import Erase
from emocam.effect.exchange import EXCHANGED, exchange_source, exchanged, placement
from emocam.effect.parts import PictureRegions
from emocam.effect.picture import TriedPicture
from emocam.functional.dice import Dice
from emocam.paste.patch import patched
from emocam.records.base import WHOLE

SIDE, CELLS = 80, 20
NAMES = ["left", "right", "low"]
PLACES = [(16, 20), (48, 20), (32, 52)]
WIDE, TALL = 12, 8
FRAME = (0, 0, SIDE, SIDE)


def face(skin: int, ink: int, right: int = 0, down: int = 0, masks: bool = True) -> TriedPicture:
    """Three spots of ink on skin, in regions twice as high; all are moved by a few pixels."""
    image = np.full((SIDE, SIDE, 3), skin, np.uint8)
    boxes = []
    for x, y in PLACES:
        x, y = x + right, y + down
        image[y + 4 : y + 4 + TALL, x : x + WIDE] = ink
        boxes.append((x, y, x + WIDE, y + 2 * TALL))
    shapes = np.ones((3, CELLS, CELLS), np.float32) if masks else None
    regions = PictureRegions(NAMES, np.array(boxes, np.float32) / SIDE, shapes)
    return TriedPicture(Image.fromarray(image), regions)


def put(picture: TriedPicture, other: TriedPicture, name: str = "left") -> np.ndarray:
    return np.asarray(patched(picture.image, exchanged(picture, other, name, FRAME)))[..., 0].astype(int)


def test_the_region_alone_becomes_the_other_ones_wherever_it_lies_there() -> None:
    here, there = face(120, 40), face(120, 200, right=5, down=-3)
    found, before = put(here, there), np.asarray(here.image)[..., 0].astype(int)
    x, y = PLACES[0]
    assert (found[y + 5 : y + 11, x + 1 : x + WIDE - 1] == 200).all()
    elsewhere = np.ones_like(found, bool)
    elsewhere[y - 1 : y + 2 * TALL + 1, x - 1 : x + WIDE + 1] = False
    assert (found == before)[elsewhere].all()


def test_the_other_skin_takes_the_colour_of_what_is_around() -> None:
    found = put(face(120, 40), face(90, 60, right=2))
    x, y = PLACES[0]
    assert found[y + 1, x + 4] == pytest.approx(120, abs=1)
    assert found[y + 8, x + 4] == pytest.approx(60 + 30, abs=1)


def test_a_turn_a_size_and_a_shift_are_found_from_centres() -> None:
    here = {name: (complex(*at), 1.0) for name, at in zip(NAMES, PLACES, strict=True)}
    turn, shift = 1.2 * np.exp(0.3j), 7 - 4j
    there = {name: (turn * centre + shift, 1.0) for name, (centre, _) in here.items()}
    expected = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)
    assert placement(here, there) == pytest.approx(expected)
    assert placement(here, {"left": there["left"]}) is None


def test_boxes_alone_are_not_exchanged() -> None:
    assert exchanged(face(120, 40, masks=False), face(120, 200, masks=False), "left", FRAME) == ()


def test_sources_are_of_other_labels_and_only_where_every_picture_has_all_objects() -> None:
    names = [f"{number}.png" for number in range(12)]
    label = {name: "ab"[int(name[:-4]) % 2] for name in names}
    regions = {"left": dict.fromkeys(names, ((0.1, 0.1, 0.2, 0.2),))}
    cell = [Cell("left", "a", "rank")]
    fixed = Corpus(label, regions, fixed=True)
    assert {label[trial.source] for trial in Erase().trials(cell, fixed, 0)} == {"b"}
    for effect, corpus in ((Erase(), Corpus(label, regions)), (Erase(exchange=False), fixed)):
        assert all(trial.source == trial.image for trial in effect.trials(cell, corpus, 0))
    assert exchange_source(Corpus(dict.fromkeys(names, "a"), regions), "0.png", "left", 0) == "0.png"


def test_an_exchange_is_one_more_pair_without_a_control() -> None:
    here, there = face(120, 40), face(120, 200)
    trial = Trial(
        "0.png", Cell("left", "a", "rank"), "1.png", tuple(map(tuple, here.regions.boxes.tolist()))[:1]
    )
    effect = Erase(fills=["blur", "grey"])
    swapped = [(pair.fill, pair.kind) for pair in effect.pairs(trial, here, there, WHOLE, Dice(0))]
    own = [pair.fill for pair in effect.pairs(trial, here, here, WHOLE, Dice(0))]
    assert own == ["blur", "grey"] and [fill for fill, _ in swapped] == [*own, EXCHANGED]
    assert swapped[-1][1] == "none"
