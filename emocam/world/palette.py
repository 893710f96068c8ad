"""Colours that go together; any object may have any of them, so that no colour reveals its object."""

from collections.abc import Sequence

from emocam.functional.dice import Dice

Colour = tuple[int, int, int]

PAINTS = bytes.fromhex(
    "e4572e f3a712 f7d046 8ac926 2e933c 17bebb 2176c7 5b3fa8 a23e9d e86a92 b23a48 8d5b33 f4efe6 9fd3e8 d8c4f0"
)
TONES = bytes.fromhex(
    "20303f 3d5a6c 6b8f9c a9c5cf d9e4e6 4a5d3a 7d9461 b8c48c 5a4a3f 94795d c9b18f eadfc8 6e4555 a87987 d7b0b4"
)
INKS = bytes.fromhex("1c1b22 2b1f1a fbf7ec")


def pick(dice: Dice, palette: bytes, spread: int) -> Colour:
    """Draw a colour of the palette, up to `spread` away from it in each channel."""
    start = 3 * dice.whole(0, len(palette) // 3 - 1)
    exact = palette[start : start + 3]
    red, green, blue = (min(max(value + dice.whole(-spread, spread), 0), 255) for value in exact)
    return red, green, blue


def pick_tone(dice: Dice) -> Colour:
    """Draw a colour for a background."""
    return pick(dice, TONES, 16)


def pick_paint(dice: Dice) -> Colour:
    """Draw a colour for clutter."""
    return pick(dice, PAINTS, 30)


def distance(one: Colour, other: Colour) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


def farthest(candidates: Sequence[Colour], others: Sequence[Colour]) -> Colour:
    """Return the candidate whose nearest neighbour among the others is farthest."""
    return max(candidates, key=lambda colour: min(distance(colour, other) for other in others))


def pick_paints(dice: Dice, behind: Sequence[Colour]) -> tuple[Colour, Colour, Colour]:
    """Draw colours for body, detail and ink that differ from what is behind and from each other."""
    body = farthest([pick(dice, PAINTS, 14) for _ in range(3)], behind)
    detail = farthest([pick(dice, PAINTS, 14) for _ in range(4)], [body])
    ink = farthest([pick(dice, INKS, 6) for _ in range(3)], [body, detail])
    return body, detail, ink
