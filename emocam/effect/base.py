"""Trials of a cell in pictures: each gives pairs of the changed picture and one changed as much elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor

from emocam.effect.bare import Kind
from emocam.effect.picture import TriedPicture
from emocam.errors import SettingError
from emocam.functional.dice import Dice
from emocam.paste.base import Box
from emocam.paste.patch import Patch

Chosen = Literal["rank", "random"]


def check_whole_number(name: str, value: object, least: int) -> None:
    """Refuse a setting of the effect that is no whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SettingError(f"effect.{name} must be a whole number of at least {least}, got {value!r}")


@dataclass(frozen=True)
class Budget:
    """At most `images` pictures a cell; `cells` cells of the highest rank, and `random` ones of the rest.

    A cell needs `least` pictures in which the object is present.
    """

    images: int = 40
    cells: int = 60
    random: int = 20
    least: int = 5

    def __post_init__(self) -> None:
        for name, low in (("images", 1), ("cells", 0), ("random", 0), ("least", 1)):
            check_whole_number(name, getattr(self, name), low)


@dataclass(frozen=True)
class Cell:
    """An object and a label, and how they were chosen."""

    object: str
    label: str
    chosen: Chosen


@dataclass(frozen=True)
class Corpus:
    """The label of every image whose answer counts, and each object's regions by image.

    With `asked` all images were asked about one value in one direction, which is the label of each. `fixed` says
    that every image has all objects as masks, as a face has its regions.
    """

    label: dict[str, str]
    regions: dict[str, dict[str, tuple[Box, ...]]]
    asked: bool = False
    fixed: bool = False

    def drawn_for(self, cell: Cell) -> str:
        """Return what a cell's draws are named by beside its object."""
        return draws_of(cell, self.asked)


def draws_of(cell: Cell, asked: bool) -> str:
    """Return what a cell's draws are named by beside its object: its label.

    Where one direction is asked of all images it is nothing, so that every direction tries the same pictures.
    """
    return "" if asked else cell.label


@dataclass(frozen=True)
class Trial:
    """A cell to be tried in an image; `regions` are all regions of its object in the image `source`.

    Where something is taken away, those of the image; a source that is another one lends what is put in its place.
    """

    image: str
    cell: Cell
    source: str
    regions: tuple[Box, ...]


@dataclass(frozen=True)
class Pair:
    """What is new in the picture where the object is concerned, and in the control that differs in nothing else.

    `kind` says what the control is: the same `shape` elsewhere, as much in `pieces`, or `none`.
    """

    fill: str
    changed: tuple[Patch, ...]
    control: tuple[Patch, ...]
    kind: Kind = "shape"


class Effect(Protocol):
    """`notes` are what a person should be told before the work, `rule` names region and control.

    With `composed`, data that can compose its pictures again shows them without the object, too.
    """

    budget: Budget
    notes: list[str]
    rule: str
    composed: bool

    def trials(self, cells: Sequence[Cell], corpus: Corpus, seed: int) -> list[Trial]:
        """Draw the pictures that each cell is tried in, at random within the budget."""

    def pairs(
        self, trial: Trial, picture: TriedPicture, source: TriedPicture, seen: Box, dice: Dice
    ) -> Iterator[Pair]:
        """Yield pairs, none without a fair control; `seen` is the part of the image the classifier sees."""

    def effect(self, before: Tensor, after: Tensor) -> Tensor:
        """Return how far the label's log-odds (n,) moved in the direction that speaks for use."""

    def flipped(self, answer: Tensor, label: Tensor) -> Tensor:
        """Mark the new answers (n,) that are a change in that direction."""
