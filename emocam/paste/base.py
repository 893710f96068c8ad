"""The base of a change: it makes variants of a picture, and the classifier's answers are the experiment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from emocam.errors import SettingError
from emocam.paste.patch import Patch
from emocam.records.base import WHOLE

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Region:
    """A region of the picture with the name of its object; the box lies in [0, 1]."""

    object: str
    box: Box


@dataclass(frozen=True)
class Variant:
    """A changed picture: the object, the name of its place, the patches, and the box it now covers."""

    object: str
    position: str
    patches: tuple[Patch, ...]
    box: Box

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


class Change(Protocol):
    """A change of pictures; `where` names the objects whose regions it needs, if it needs a detector."""

    where: Sequence[str]

    def __call__(self, image: Image.Image, regions: Sequence[Region]) -> Iterator[Variant]:
        """Yield all variants of one picture."""


def check_positions(positions: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
    """Check that positions are centres [x, y] in [0, 1]."""
    for position in positions:
        if len(position) != 2 or not all(isinstance(v, int | float) and 0 <= v <= 1 for v in position):
            raise SettingError(f"paste.positions must be [x, y] in [0, 1] each, got {list(position)}")
    return [tuple(position) for position in positions]


def within(box: Box) -> Box:
    """Return the part of a box that lies in the picture."""
    low, high = WHOLE[0], WHOLE[2]
    return tuple(min(max(value, low), high) for value in box)  # type: ignore[return-value]
