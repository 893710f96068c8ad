"""The paper's object paste: each object at each of 17 places of every picture.

The paper shows its grid as a figure only. This one is symmetric: four rows of four, and the middle.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from PIL import Image

from emocam.errors import SettingError
from emocam.paste.base import Region, Variant, check_positions
from emocam.paste.sticker import lay, read_stickers

STEPS = (0.125, 0.375, 0.625, 0.875)
POSITIONS = [*((x, y) for y, x in product(STEPS, STEPS)), (0.5, 0.5)]


def check_height(height: object) -> float:
    """Check that a height is in (0, 1] of the picture's height."""
    if not isinstance(height, int | float) or not 0 < height <= 1:
        raise SettingError(f"paste.height must be in (0, 1] of the picture's height, got {height!r}")
    return float(height)


class Grid:
    """Each object at each position; `objects` are files with alpha, `positions` centres [x, y] in [0, 1]."""

    where: Sequence[str] = ()

    def __init__(
        self,
        objects: Sequence[str] | None = None,
        height: float = 0.2,
        positions: Sequence[Sequence[float]] | None = None,
    ) -> None:
        self.stickers = read_stickers(objects)
        self.height = check_height(height)
        self.positions = check_positions(positions or POSITIONS)

    def __call__(self, image: Image.Image, regions: Sequence[Region]) -> Iterator[Variant]:
        for sticker in self.stickers:
            object = sticker.at_height(self.height, image)
            for number, (x, y) in enumerate(self.positions, 1):
                patch, box = lay(object, image, (x, y))
                yield Variant(sticker.name, f"{number}", (patch,), box)
