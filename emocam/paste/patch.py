"""A change of a picture as what is new in it, so that no picture is copied for each of many changes."""

from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Patch:
    """Pixels that cover the picture's from `place` (left, top) on; what reaches out of it is cut."""

    image: Image.Image
    place: tuple[int, int] = (0, 0)

    @property
    def box(self) -> tuple[int, int, int, int]:
        left, top = self.place
        return left, top, left + self.image.width, top + self.image.height


def patched(image: Image.Image, patches: Iterable[Patch], corner: tuple[int, int] = (0, 0)) -> Image.Image:
    """A changed copy, later patches over earlier ones; the image may be a crop whose `corner` is given."""
    changed = image.copy()
    for patch in patches:
        changed.paste(patch.image, (patch.place[0] - corner[0], patch.place[1] - corner[1]))
    return changed
