"""The effect of taking the object away, which shows what the label loses."""

import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import get_args

from PIL import Image
from torch import Tensor

from emocam.effect.bare import ControlPart, barest_control, control_anywhere
from emocam.effect.base import Budget, Cell, Corpus, Pair, Trial
from emocam.effect.exchange import EXCHANGED, exchange_source, exchanged
from emocam.effect.parts import pixels_in
from emocam.effect.picture import TriedPicture
from emocam.effect.placement import Pixels, elsewhere
from emocam.effect.region import Control, Region, chosen
from emocam.effect.sampling import dice_for, shared_order, some
from emocam.effect.visible import visible
from emocam.errors import SettingError, nearest
from emocam.functional.dice import Dice
from emocam.paste.base import Box
from emocam.paste.fill import FILLS, Fill, pixels
from emocam.paste.patch import Patch, patched


class Erase:
    """All regions of the object at once; each of the `fills` has its own artefact, so there are several.

    Of the `region` only the `part` goes that no smaller region covers, or the whole `box`. The `control`
    lies where it is `bare`, covering least of any object, or `anywhere` but on the object. With `shared` the
    cells of a label draw from one order of its pictures, so that several objects of a picture are tried. With
    `exchange`, where every picture has all objects, the same region of another label's picture is tried as well.
    """

    def __init__(
        self,
        images: int = 40,
        cells: int = 60,
        random: int = 20,
        least: int = 5,
        fills: Sequence[str] = ("blur", "inpaint"),
        region: Region = "part",
        control: Control = "bare",
        composed: bool = False,
        shared: bool = False,
        exchange: bool = True,
    ) -> None:
        self.budget, self.shared = Budget(images, cells, random, least), shared
        self.exchange = exchange
        self.fills, self.notes = installed(fills)
        self.region = chosen("effect.region", region, get_args(Region))
        self.control = chosen("effect.control", control, get_args(Control))
        self.rule, self.composed = f"{region}, {control}", composed

    def trials(self, cells: Sequence[Cell], corpus: Corpus, seed: int) -> list[Trial]:
        """Draw pictures with the label in which the object is present."""
        trials = []
        for cell in cells:
            regions = corpus.regions.get(cell.object, {})
            images = [image for image in regions if corpus.label.get(image) == cell.label]
            label = corpus.drawn_for(cell)
            drawn = self._drawn(images, cell.object, label, seed)
            swapped = self.exchange and corpus.fixed
            trials += [
                Trial(
                    image,
                    cell,
                    exchange_source(corpus, image, cell.object, seed) if swapped else image,
                    regions[image],
                )
                for image in drawn
            ]
        return trials

    def _drawn(self, images: Sequence[str], object: str, label: str, seed: int) -> list[str]:
        """Draw the pictures of a cell among all in which its object is present."""
        if self.shared:
            return shared_order(images, label, seed)[: self.budget.images]
        return some(images, self.budget.images, dice_for(seed, "images", object, label))

    def pairs(
        self, trial: Trial, picture: TriedPicture, source: TriedPicture, seen: Box, dice: Dice
    ) -> Iterator[Pair]:
        """Yield a pair for each fill; only what the classifier sees is erased or used as a control."""
        if (self.region, self.control) == ("box", "anywhere"):
            yield from self._boxes(trial, picture.image, seen, dice)
        else:
            yield from self._parts(trial, picture, seen, dice)
        if source is not picture:
            within = pixels_in(picture.raster.size, seen)
            if patches := exchanged(picture, source, trial.cell.object, within):
                yield Pair(EXCHANGED, patches, (), "none")

    def _boxes(self, trial: Trial, image: Image.Image, seen: Box, dice: Dice) -> Iterator[Pair]:
        """Yield pairs of whole boxes, whatever these hold."""
        boxes = [pixels(image, box) for box in visible(trial.regions, seen)]
        others = elsewhere(boxes, pixels(image, seen), dice) if boxes else None
        if others is None:
            return
        for name, fill in self.fills.items():
            yield Pair(name, without(image, boxes, fill), without(image, others, fill))

    def _parts(self, trial: Trial, picture: TriedPicture, seen: Box, dice: Dice) -> Iterator[Pair]:
        """Yield pairs of the object's own pixels, or of its whole regions, and of controls of that shape."""
        raster = picture.raster
        within = pixels_in(raster.size, seen)
        find = raster.part if self.region == "part" else raster.whole
        part = find(trial.cell.object, within)
        if part is None:
            return
        part = raster.with_rim(trial.cell.object, part, within)
        whole = raster.whole(trial.cell.object, within)
        place = barest_control if self.control == "bare" else control_anywhere
        control = place(part, raster.occupied, within, dice)
        for name in self.fills:
            changed = picture.filled(name, part, whole)
            yield Pair(name, changed, self._control(picture, name, control), control.kind)

    def _control(self, picture: TriedPicture, name: str, control: ControlPart) -> tuple[Patch, ...]:
        return picture.filled(name, control.pixels) if control.kind != "none" else ()

    def effect(self, before: Tensor, after: Tensor) -> Tensor:
        return before - after

    def flipped(self, answer: Tensor, label: Tensor) -> Tensor:
        return answer != label


def without(image: Image.Image, boxes: Sequence[Pixels], fill: Fill) -> tuple[Patch, ...]:
    """Fill box after box, each from what the ones before it left."""
    patches = [Patch(fill(image, boxes[0]), boxes[0][:2])]
    changed = patched(image, patches) if len(boxes) > 1 else image
    for box in boxes[1:]:
        patches.append(Patch(fill(changed, box), box[:2]))
        changed.paste(patches[-1].image, box[:2])
    return tuple(patches)


def installed(names: Sequence[str]) -> tuple[dict[str, Fill], list[str]]:
    """Return the fills by name, and a note on one whose library is missing."""
    for name in names:
        if name not in FILLS:
            raise SettingError(f"effect.fills: {name!r} is not known; {nearest(name, FILLS)}")
    fills = {name: FILLS[name] for name in names}
    notes = []
    if "inpaint" in fills and "cv2" not in sys.modules and find_spec("cv2") is None:
        del fills["inpaint"]
        notes.append("effect.fills: inpaint is left out, since it needs OpenCV: pip install 'emocam[opencv]'")
    if not fills:
        raise SettingError(
            notes[0] if notes else f"effect.fills must name at least one of {', '.join(FILLS)}"
        )
    return fills, notes
