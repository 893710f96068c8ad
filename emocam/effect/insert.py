"""The effect of putting the object into pictures of other labels, which shows whether it brings its own."""

from collections.abc import Iterator, Sequence

from PIL import Image
from torch import Tensor

from emocam.effect.base import Budget, Cell, Corpus, Pair, Trial
from emocam.effect.picture import TriedPicture
from emocam.effect.placement import Pixels, moved_region, random_shift
from emocam.effect.sampling import dice_for, some
from emocam.functional.dice import Dice
from emocam.paste.base import Box
from emocam.paste.fill import pixels
from emocam.paste.patch import Patch

FILL = "cut"


class Insert:
    """One of the object's boxes, cut out of a picture of the label; the control is a patch without it."""

    rule = "box, anywhere"
    composed = False

    def __init__(self, images: int = 40, cells: int = 60, random: int = 20, least: int = 5) -> None:
        self.budget = Budget(images, cells, random, least)
        self.notes: list[str] = []

    def trials(self, cells: Sequence[Cell], corpus: Corpus, seed: int) -> list[Trial]:
        """Draw pictures of other labels that do not hold the object, each with a random source."""
        trials = []
        for cell in cells:
            regions = corpus.regions.get(cell.object, {})
            sources = [image for image in regions if corpus.label.get(image) == cell.label]
            targets = [
                image for image, label in corpus.label.items() if label != cell.label and image not in regions
            ]
            dice = dice_for(seed, "images", cell.object, cell.label)
            for image in some(targets, self.budget.images if sources else 0, dice):
                source = dice.one(sources)
                trials.append(Trial(image, cell, source, regions[source]))
        return trials

    def pairs(
        self, trial: Trial, picture: TriedPicture, source: TriedPicture, seen: Box, dice: Dice
    ) -> Iterator[Pair]:
        """Yield the object and its control at the same random place that the classifier sees."""
        image, origin = picture.image, source.image
        boxes = [pixels(origin, box) for box in trial.regions]
        box = dice.one(boxes)
        control = patch_without(box, boxes, origin, dice)
        if control is None:
            return
        field = pixels(image, seen)
        size = fitting(box, origin, image, field)
        place = (
            dice.whole(field[0], field[2] - size[0]),
            dice.whole(field[1], field[3] - size[1]),
        )
        yield Pair(FILL, (cut_out(origin, box, size, place),), (cut_out(origin, control, size, place),))

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


def cut_out(source: Image.Image, box: Pixels, size: tuple[int, int], place: tuple[int, int]) -> Patch:
    """Cut a box out of the source, resized, as a patch."""
    return Patch(source.resize(size, Image.Resampling.BICUBIC, box), place)
