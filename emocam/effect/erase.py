"""The effect of taking the object away, which shows what the label loses."""

import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from PIL import Image
from torch import Tensor

from emocam.effect.base import Budget, Cell, Corpus, Pair, Trial
from emocam.effect.placement import Pixels, elsewhere
from emocam.effect.sampling import dice_for, some
from emocam.effect.visible import visible
from emocam.errors import SettingError, nearest
from emocam.functional.dice import Dice
from emocam.paste.base import Box
from emocam.paste.fill import FILLS, Fill, pixels
from emocam.paste.patch import Patch, patched


class Erase:
    """All regions of the object, erased at once, by several `fills`, since each has its own artefact."""

    def __init__(
        self,
        images: int = 40,
        cells: int = 60,
        random: int = 20,
        least: int = 5,
        fills: Sequence[str] = ("blur", "grey", "inpaint"),
    ) -> None:
        self.budget = Budget(images, cells, random, least)
        self.fills, self.notes = installed(fills)

    def trials(self, cells: Sequence[Cell], corpus: Corpus, seed: int) -> list[Trial]:
        """Draw pictures with the label in which the object is present."""
        trials = []
        for cell in cells:
            regions = corpus.regions.get(cell.object, {})
            images = [image for image in regions if corpus.label.get(image) == cell.label]
            dice = dice_for(seed, "images", cell.object, cell.label)
            trials += [
                Trial(image, cell, image, regions[image]) for image in some(images, self.budget.images, dice)
            ]
        return trials

    def pairs(
        self, trial: Trial, image: Image.Image, source: Image.Image, seen: Box, dice: Dice
    ) -> Iterator[Pair]:
        """Yield a pair for each fill; only what the classifier sees is erased or used as a control."""
        boxes = [pixels(image, box) for box in visible(trial.regions, seen)]
        others = elsewhere(boxes, pixels(image, seen), dice) if boxes else None
        if others is None:
            return
        for name, fill in self.fills.items():
            yield Pair(name, without(image, boxes, fill), without(image, others, fill))

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
