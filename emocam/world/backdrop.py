"""Backgrounds: a field of heights (h, w) shown in a scale of colours, with fine grain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from emocam.functional.dice import Dice
from emocam.world.palette import Colour

Field = Callable[[Dice, int, int], np.ndarray]
GRAIN = 9


@dataclass(frozen=True)
class Backdrop:
    """A background; `seed` decides the rest of the field, heights run through `tones` from first to last."""

    kind: str
    tones: tuple[Colour, ...]
    seed: int


def smooth(dice: Dice, width: int, height: int, across: int, down: int) -> np.ndarray:
    """Draw random heights at across x down points, bilinear between them."""
    points = Image.fromarray(dice.bytes(down, across))
    return np.asarray(points.resize((width, height), Resampling.BILINEAR))


def ramp(dice: Dice, width: int, height: int) -> np.ndarray:
    """Return the distance (h, w) along a random direction, in pixels."""
    x, y = np.arange(width), np.arange(height)[:, None]
    return dice.number(-1, 1) * x + dice.one((-1, 1)) * dice.number(0.3, 1) * y


def slope(dice: Dice, width: int, height: int) -> np.ndarray:
    distance = ramp(dice, width, height)
    distance -= distance.min()
    return (distance * (255 / distance.max())).astype(np.uint8)


def clouds(dice: Dice, width: int, height: int) -> np.ndarray:
    coarse = smooth(dice, width, height, 5, 5)
    fine = smooth(dice, width, height, 14, 14)
    return ((coarse.astype(np.uint16) * 2 + fine) // 3).astype(np.uint8)


def stripes(dice: Dice, width: int, height: int) -> np.ndarray:
    band = np.floor(ramp(dice, width, height) / dice.number(7, 20)).astype(np.int64)
    return dice.bytes(7)[band % 7]


def tiles(dice: Dice, width: int, height: int) -> np.ndarray:
    side = dice.whole(14, 34)
    shift = dice.whole(0, 17)
    down = np.arange(height)[:, None] // side
    across = (np.arange(width) + down * shift) // side
    return dice.bytes(height, width + height)[down, across]


def discs(dice: Dice, width: int, height: int) -> np.ndarray:
    field = np.full((height, width), 40, np.uint8)
    x, y = np.arange(width), np.arange(height)[:, None]
    for _ in range(dice.whole(14, 22)):
        radius = dice.number(7, 26)
        level = dice.whole(90, 255)
        inside = (x - dice.number(0, width)) ** 2 + (y - dice.number(0, height)) ** 2 < radius**2
        field[inside] = level
    return field


def hills(dice: Dice, width: int, height: int) -> np.ndarray:
    """Draw a sky that brightens towards the horizon, and ridges before it."""
    y = np.arange(height)[:, None]
    field = np.broadcast_to((y * 90 // height).astype(np.uint8), (height, width)).copy()
    for ridge, level in enumerate((130, 180, 230)):
        crest = smooth(dice, width, 1, dice.whole(4, 9), 1)[0] / 255
        top = height * (0.34 + 0.2 * ridge + 0.24 * (crest - 0.5))
        field[y > top] = level + dice.whole(-20, 20)
    return field


def streaks(dice: Dice, width: int, height: int) -> np.ndarray:
    """Draw stripes like rain, grass or wood."""
    across, down = dice.one(((3, height // 3), (width // 3, 3)))
    return smooth(dice, width, height, across, down)


FIELDS: dict[str, Field] = {
    field.__name__: field for field in (slope, clouds, stripes, tiles, discs, hills, streaks)
}


def scale(tones: Sequence[Colour]) -> np.ndarray:
    """Return a colour (256, 3) for each height, linear from tone to tone, in whole numbers only."""
    height = np.arange(256)[:, None] * (len(tones) - 1)
    lower = np.minimum(height // 255, len(tones) - 2)
    rest = height - lower * 255
    colours = np.array(tones)
    return ((colours[lower[:, 0]] * (255 - rest) + colours[lower[:, 0] + 1] * rest) // 255).astype(np.int16)


def draw_backdrop(backdrop: Backdrop, size: tuple[int, int]) -> Image.Image:
    dice = Dice(backdrop.seed)
    width, height = size
    field = FIELDS[backdrop.kind](dice, width, height)
    grain = dice.bytes(height, width) % (2 * GRAIN + 1)
    colours = scale(backdrop.tones)[field] + grain[..., None].astype(np.int16) - GRAIN
    return Image.fromarray(colours.clip(0, 255).astype(np.uint8))
