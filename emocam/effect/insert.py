"""The effect of putting the object into pictures of other labels, which shows whether it brings its own."""

from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np
from PIL import Image
from torch import Tensor

from emocam.effect.bare import barest_shift, shifted
from emocam.effect.base import Budget, Cell, Corpus, Pair, Trial
from emocam.effect.parts import Frame
from emocam.effect.picture import TriedPicture
from emocam.effect.placement import Pixels, moved_region, random_shift
from emocam.effect.region import Control, Region, chosen
from emocam.effect.sampling import dice_for, some
from emocam.functional.dice import Dice
from emocam.paste.base import Box
from emocam.paste.fill import pixels
from emocam.paste.patch import Patch

FILL = "cut"


class Insert:
    """One of the object's regions, cut out of a picture of the label; the control is a patch without it.

    Where one direction of a value is asked of all pictures, it is put into those that do not hold it.

    Of the `region` only the `part` comes along that no smaller region covers, by masks where there are any,
    or the whole `box`. The `control` is cut where it is `bare`, covering least of any object, or `anywhere`.
    """

    composed = False

    def __init__(
        self,
        images: int = 40,
        cells: int = 60,
        random: int = 20,
        least: int = 5,
        region: Region = "part",
        control: Control = "bare",
    ) -> None:
        self.budget = Budget(images, cells, random, least)
        self.notes: list[str] = []
        self.region = chosen("effect.region", region, get_args(Region))
        self.control = chosen("effect.control", control, get_args(Control))
        self.rule = f"{region}, {control}"

    def trials(self, cells: Sequence[Cell], corpus: Corpus, seed: int) -> list[Trial]:
        """Draw pictures of other labels that do not hold the object, each with a random source."""
        trials = []
        for cell in cells:
            regions = corpus.regions.get(cell.object, {})
            sources = [image for image in regions if corpus.label.get(image) == cell.label]
            targets = [
                image
                for image, label in corpus.label.items()
                if (corpus.asked or label != cell.label) and image not in regions
            ]
            dice = dice_for(seed, "images", cell.object, corpus.drawn_for(cell))
            for image in some(targets, self.budget.images if sources else 0, dice):
                source = dice.one(sources)
                trials.append(Trial(image, cell, source, regions[source]))
        return trials

    def pairs(
        self, trial: Trial, picture: TriedPicture, source: TriedPicture, seen: Box, dice: Dice
    ) -> Iterator[Pair]:
        """Yield the object and its control at the same random place that the classifier sees."""
        field = pixels(picture.image, seen)
        if (self.region, self.control) == ("box", "anywhere"):
            yield from self._boxes(trial, picture.image, source.image, field, dice)
        else:
            yield from self._parts(trial, picture.image, source, field, dice)

    def _boxes(
        self, trial: Trial, image: Image.Image, origin: Image.Image, field: Pixels, dice: Dice
    ) -> Iterator[Pair]:
        """Yield a pair of a whole box, whatever it holds."""
        boxes = [pixels(origin, box) for box in trial.regions]
        box = dice.one(boxes)
        control = patch_without(box, boxes, origin, dice)
        if control is None:
            return
        size = fitting(box, origin, image, field)
        place = random_place(size, field, dice)
        yield Pair(FILL, (cut_out(origin, box, size, place),), (cut_out(origin, control, size, place),))

    def _parts(
        self, trial: Trial, image: Image.Image, source: TriedPicture, field: Pixels, dice: Dice
    ) -> Iterator[Pair]:
        """Yield a pair of the pixels of one region, and of a control of that shape."""
        raster = source.raster
        whole = (0, 0, *raster.size)
        region = dice.one(raster.regions_of(trial.cell.object))
        part = raster.part_of([region], whole, self.region == "box")
        if part is None:
            return
        taken = raster.whole(trial.cell.object, whole)
        occupied = raster.occupied if self.control == "bare" else np.zeros_like(raster.occupied)
        shift = barest_shift(part, occupied, whole, dice, taken)
        if shift is None:
            return
        frame = source.frame(part)
        size = fitting(frame, source.image, image, field)
        place = random_place(size, field, dice)
        elsewhere = source.frame(shifted(part, *shift))
        stencil = source.stencil(part, frame).resize(size)
        changed, control = (
            onto(image, source.image, frame_of, stencil, place) for frame_of in (frame, elsewhere)
        )
        yield Pair(FILL, (changed,), (control,))

    def effect(self, before: Tensor, after: Tensor) -> Tensor:
        return after - before

    def flipped(self, answer: Tensor, label: Tensor) -> Tensor:
        return answer == label


def patch_without(box: Pixels, boxes: Sequence[Pixels], source: Image.Image, dice: Dice) -> Pixels | None:
    """Draw a box of the same size at a random place of the source that holds no such object."""
    shift = random_shift([box], (0, 0, *source.size), boxes, dice)
    return None if shift is None else moved_region(box, *shift)


def fitting(box: Pixels, source: Image.Image, image: Image.Image, field: Pixels) -> tuple[int, int]:
    """Return the patch's size: the same share of the picture, in proportion, no larger than the field."""
    wide, high = box[2] - box[0], box[3] - box[1]
    scale = (image.width * image.height / (source.width * source.height)) ** 0.5
    scale = min(scale, (field[2] - field[0]) / wide, (field[3] - field[1]) / high)
    return max(1, int(wide * scale)), max(1, int(high * scale))


def random_place(size: tuple[int, int], field: Pixels, dice: Dice) -> tuple[int, int]:
    """Draw a left upper corner at which a patch of this size lies within the field."""
    return dice.whole(field[0], field[2] - size[0]), dice.whole(field[1], field[3] - size[1])


def onto(
    image: Image.Image, source: Image.Image, frame: Frame, stencil: Image.Image, place: tuple[int, int]
) -> Patch:
    """Cut a frame out of the source and put it onto the image at a place, where the stencil lets it through."""
    patch = image.crop((*place, place[0] + stencil.width, place[1] + stencil.height))
    cut = source.resize(stencil.size, Image.Resampling.BICUBIC, frame)
    patch.paste(cut, mask=stencil)
    return Patch(patch, place)


def cut_out(source: Image.Image, box: Pixels, size: tuple[int, int], place: tuple[int, int]) -> Patch:
    """Cut a box out of the source, resized, as a patch."""
    return Patch(source.resize(size, Image.Resampling.BICUBIC, box), place)
