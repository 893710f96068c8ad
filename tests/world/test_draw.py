import hashlib
from dataclasses import replace

import numpy as np
import pytest

from emocam.functional.dice import Dice
from emocam.world.backdrop import FIELDS, Backdrop, draw_backdrop, scale
from emocam.world.compose import compose
from emocam.world.draw import Scene, Thing, box_of, draw
from emocam.world.rules import WORLDS
from emocam.world.shapes import SHAPES

GREY = Backdrop("slope", ((128, 128, 128),) * 3, seed=0)
RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def scene_of(*things: Thing) -> Scene:
    return Scene((100, 80), GREY, (), things)


def thing(object: str = "House", x: float = 50, y: float = 40, **changes: float) -> Thing:
    placed = Thing(object, x, y, size=40, half_tangent=0, stretch=1, paints=(RED, GREEN, BLUE))
    return replace(placed, **changes)


def changed(one: Scene, other: Scene) -> np.ndarray:
    return (np.asarray(draw(one)) != np.asarray(draw(other))).any(-1)


def test_dice_fall_the_same_everywhere():
    dice = Dice(0, 7)
    assert [dice.whole(1, 6) for _ in range(8)] == [1, 5, 5, 3, 6, 6, 1, 4]
    assert dice.bytes(2, 3).tolist() == [[154, 42, 112], [103, 195, 185]]


def test_pictures_are_the_same_everywhere():
    pictures = [draw(compose(WORLDS["standard"], 0, index)).tobytes() for index in range(40)]
    assert hashlib.sha256(b"".join(pictures)).hexdigest()[:16] == "53acf254d73f3cff"


def test_colours_run_straight_from_tone_to_tone():
    colours = scale([(0, 0, 0), (100, 200, 50), (255, 255, 255)])
    assert colours[[0, 255]].tolist() == [[0, 0, 0], [255, 255, 255]]
    assert colours[127].tolist() == [99, 199, 49]  # the last before the tone in the middle


@pytest.mark.parametrize("kind", FIELDS)
def test_backdrop_has_texture_and_its_size(kind):
    image = draw_backdrop(Backdrop(kind, (RED, GREEN, BLUE), seed=3), (90, 60))
    assert image.size == (90, 60)
    assert np.asarray(image).std() > 5


@pytest.mark.parametrize("object", SHAPES)
def test_box_is_tight(object):
    for turned in (thing(object), thing(object, half_tangent=0.2, stretch=-1.1)):
        y, x = np.nonzero(changed(scene_of(turned), scene_of()))
        found = [x.min(), y.min(), x.max() + 1, y.max() + 1]
        assert np.abs(np.array(box_of(turned, (100, 80))) - found).max() <= 1


def test_box_ends_at_the_border():
    assert box_of(thing(x=0, y=80), (100, 80))[0] == 0
    assert box_of(thing(x=0, y=80), (100, 80))[3] == 80


def test_a_house_stands_where_it_was_put():
    pixels = np.asarray(draw(scene_of(thing())))
    assert pixels[46, 57].tolist() == list(GREEN)  # its window
    assert pixels[46, 51].tolist() == list(RED)  # the wall beside


def test_quarter_turn_swaps_width_and_height():
    x0, y0, x1, y1 = box_of(thing("Candle"), (100, 80))
    u0, v0, u1, v1 = box_of(thing("Candle", half_tangent=1), (100, 80))
    assert (x1 - x0, y1 - y0) == (v1 - v0, u1 - u0)


def test_without_changes_the_things_own_pixels_only():
    scene = compose(WORLDS["standard"], 0, 1)
    for object in {thing.object for thing in scene.things}:
        allowed = np.zeros(scene.size[::-1], bool)
        for gone in scene.things:
            if gone.object == object:
                x0, y0, x1, y1 = box_of(gone, scene.size)
                allowed[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = True
        difference = changed(scene, scene.without(object))
        assert difference.any() and not (difference & ~allowed).any()
