"""A change of a picture as the pixels that are new, so that no picture is copied for each change."""

from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Patch:
    """Pixels that cover the picture's from `place` (left, top) on; those outside the picture are cut."""

    image: Image.Image
    place: tuple[int, int] = (0, 0)

    @property
    def box(self) -> tuple[int, int, int, int]:
        left, top = self.place
        return left, top, left + self.image.width, top + self.image.height


def patched(image: Image.Image, patches: Iterable[Patch], corner: tuple[int, int] = (0, 0)) -> Image.Image:
    """Copy a picture and paste patches, later ones on top; the image may be a crop with this `corner`."""
    changed = image.copy()
    for patch in patches:
        changed.paste(patch.image, (patch.place[0] - corner[0], patch.place[1] - corner[1]))
    return changed
