"""The pictures in which cells are tried: opened once, changed in all ways, seen as the classifier sees."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from emocam.data.base import Data
from emocam.data.samples import reason
from emocam.effect.bare import Kind
from emocam.effect.base import Effect, Trial, draws_of
from emocam.effect.parts import NO_REGIONS, PictureRegions
from emocam.effect.picture import TriedPicture
from emocam.effect.sampling import dice_for
from emocam.effect.visible import seen_part
from emocam.errors import PictureChanged, StoreLost
from emocam.paste.changed_views import ChangedViews, Rectangle
from emocam.paste.patch import Patch
from emocam.paste.patched_view import PatchedView
from emocam.records.base import Record
from emocam.records.picture import Refusal
from emocam.view.base import View

TriedView = tuple[Tensor, Sequence[Rectangle] | None]
"""A view, and where it differs from the picture's own."""
COMPOSED = "composed"
"""The fill of a picture that was composed again without the object."""


@dataclass(frozen=True)
class TriedPair:
    """What was tried, by which fill, and what kind of control it had."""

    trial: Trial
    fill: str
    control: Kind


@dataclass(frozen=True)
class Tried:
    """One picture: its view and those of its P pairs, 1 + 2 P, and what each pair tried."""

    path: str
    index: int
    views: ChangedViews
    pairs: list[TriedPair]

    @property
    def of_views(self) -> int:
        """How many views it has."""
        return 1 + 2 * len(self.pairs)


@dataclass(frozen=True)
class TriedBatch(Record):
    """The V views of several pictures one after the other, and the pictures that could not be opened."""

    views: ChangedViews
    pictures: list[Tried]
    refusals: list[Refusal]

    @property
    def images(self) -> int:
        return len(self.pictures) + len(self.refusals)


@dataclass
class Trials(Dataset[Tried | Refusal]):
    """All that is tried in a picture, made from opening it once; `paths` are files by their printed names.

    `regions` are all that the run found in the pictures. With `asked` one direction is asked of all of them.
    """

    data: Data
    paths: dict[str, str]
    regions: dict[str, PictureRegions]
    trials: dict[int, list[Trial]]
    index: np.ndarray
    view: View
    effect: Effect
    seed: int
    asked: bool = False

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> Tried | Refusal:
        index = int(self.index[i])
        path = self.trials[index][0].image
        try:
            seen, pairs = zip(*self._made(self.trials[index]), strict=True)
        except (PictureChanged, StoreLost):
            raise
        except Exception as error:  # a file may be gone since it was explained; it must cost itself alone
            return Refusal(path, index, "unreadable", reason(error, self.data.root))
        return Tried(path, index, ChangedViews.gather(seen), [pair for pair in pairs[1::2] if pair])

    def _made(self, trials: Sequence[Trial]) -> Iterator[tuple[TriedView, TriedPair | None]]:
        """Yield the picture's own view, then two of each pair."""
        picture = self._picture(trials[0].image)
        before = PatchedView.by(self.data.resizing(self.view), picture.image)
        seen = seen_part(before.window.tolist())
        same: TriedView = before.shown, ()
        yield same, None
        for trial in trials:
            own = trial.source == trial.image
            source = picture if own else self._picture(trial.source)
            drawn = draws_of(trial.cell, self.asked)
            dice = dice_for(self.seed, "places", trial.image, trial.cell.object, drawn)
            tried = False
            for pair in self.effect.pairs(trial, picture, source, seen, dice):
                tried = True
                told = TriedPair(trial, pair.fill, pair.kind)
                yield _after(before, pair.changed), told
                yield _after(before, pair.control), told
            composed = self._composed(trial) if tried and self.effect.composed else None
            if composed is not None:
                told = TriedPair(trial, COMPOSED, "none")
                yield (self.data.resizing(self.view)(composed)[0], None), told
                yield same, told

    def _picture(self, name: str) -> TriedPicture:
        return TriedPicture(self.data.open_again(self.paths[name]).image, self.regions.get(name, NO_REGIONS))

    def _composed(self, trial: Trial) -> Image.Image | None:
        """Return the picture as it were without the object, where the data composes its pictures."""
        without = getattr(self.data, "without", None)
        found: Image.Image | None = without(self.paths[trial.image], trial.cell.object) if without else None
        return found


def _after(before: PatchedView, patches: Sequence[Patch]) -> TriedView:
    return before.after(patches)[0], before.rectangles(patches)


def together(items: Sequence[Tried | Refusal]) -> TriedBatch:
    pictures = [item for item in items if isinstance(item, Tried)]
    views = ChangedViews.join([tried.views for tried in pictures])
    # the stack holds them all: what each picture brought need not be moved twice
    kept = [replace(tried, views=ChangedViews.none()) for tried in pictures]
    return TriedBatch(views, kept, [item for item in items if isinstance(item, Refusal)])
