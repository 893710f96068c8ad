"""The objects that a network uses, found by drawing the same picture with and without an object.

For an object and a label, pictures that the network gives this label and in which the object is present are
drawn again without it. The control replaces as large a patch, where neither this object nor any cause of
the label is, by the bare background. The measures are how far the label's log-odds drop, and how often the
answer changes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from emocam.classifier.base import Classifier
from emocam.functional.dice import Dice
from emocam.functional.statistics.log_odds import log_odds
from emocam.world.backdrop import draw_backdrop
from emocam.world.compose import compose
from emocam.world.draw import Box, Scene, box_of, draw
from emocam.world.rules import Role, World

UNSEEN = 2_000_000_000
"""Pictures to intervene on are counted from here: neither trained on nor in any corpus."""
USED = 1.0
"""A drop in log-odds, also beyond the control's, from which an object counts as used."""


@dataclass(frozen=True)
class MeasuredCell:
    """One object and one label: mean drops of the label's log-odds, and shares of changed answers."""

    object: str
    label: str
    role: Role | None
    used: bool
    pictures: int
    drop: float
    drop_control: float
    flips: float
    flips_control: float


@torch.inference_mode()
def logits_of_pictures(classifier: Classifier, images: Sequence[Image.Image]) -> Tensor:
    """Return the classifier's logits of the images (n, L)."""
    views = torch.stack([classifier.view(image)[0] for image in images])
    return torch.cat([classifier(classifier.prepare(part)) for part in views.split(64)])


def apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def bare_patches(scene: Scene, object: str, spared: set[str], image: Image.Image, dice: Dice) -> Image.Image:
    """Replace, for each instance of the object, a random patch off all spared ones by bare background."""
    image = image.copy()
    backdrop = draw_backdrop(scene.backdrop, scene.size)
    kept = [box_of(thing, scene.size) for thing in scene.things if thing.object in spared]
    for x0, y0, x1, y1 in (box_of(thing, scene.size) for thing in scene.things if thing.object == object):
        width = round(x1 - x0)
        height = round(y1 - y0)
        corners = [
            (dice.whole(0, scene.size[0] - width), dice.whole(0, scene.size[1] - height)) for _ in range(50)
        ]
        patches = [(x, y, x + width, y + height) for x, y in corners]
        # where no patch is free, none is taken: a control that hits a cause is none
        for patch in [patch for patch in patches if all(apart(patch, box) for box in kept)][:1]:
            image.paste(backdrop.crop(patch), patch[:2])
    return image


def intervene(
    classifier: Classifier, world: World, object: str, label: str, scenes: Sequence[Scene]
) -> MeasuredCell:
    """Measure an object's effect on scenes whose pictures get this label and hold this object."""
    spared = {
        object,
        *(other for other in world.objects if world.role(other, label) in ("cause", "shortcut")),
    }
    images = [draw(scene) for scene in scenes]
    redrawn = [draw(scene.without(object)) for scene in scenes]
    patched = [
        bare_patches(scene, object, spared, image, Dice(number))
        for number, (scene, image) in enumerate(zip(scenes, images, strict=True))
    ]
    index = classifier.labels.index(label)
    of = torch.full((len(scenes),), index)
    before, without, control = (logits_of_pictures(classifier, shown) for shown in (images, redrawn, patched))
    drop, drop_control = (
        (log_odds(before, of) - log_odds(after, of)).mean().item() for after in (without, control)
    )
    flips, flips_control = ((after.argmax(-1) != index).float().mean().item() for after in (without, control))
    measured = (round(value, 3) for value in (drop, drop_control, flips, flips_control))
    used = min(drop, drop - drop_control) > USED
    return MeasuredCell(object, label, world.role(object, label), used, len(scenes), *measured)


def gives(classifier: Classifier, scenes: Sequence[Scene]) -> list[str]:
    """Return the label that each scene's picture gets."""
    chunks = [scenes[i : i + 64] for i in range(0, len(scenes), 64)]
    answers = [
        logits_of_pictures(classifier, [draw(scene) for scene in chunk]).argmax(-1) for chunk in chunks
    ]
    return [classifier.labels[i] for i in torch.cat(answers).tolist()]


def measure(
    classifier: Classifier, world: World, seed: int = 0, pictures: int = 3000, each: int = 150
) -> dict[str, Any]:
    """Measure accuracy on unseen pictures and all cells, those with a role apart; at most `each` a cell."""
    scenes = [compose(world, seed, UNSEEN + i) for i in range(pictures)]
    answers = gives(classifier, scenes)
    right = sum(answer == world.label(scene) for answer, scene in zip(answers, scenes, strict=True))
    cells = []
    for label, object in product(world.labels, world.objects):
        shown = [
            scene
            for scene, answer in zip(scenes, answers, strict=True)
            if answer == label and object in {thing.object for thing in scene.things}
        ]
        if shown:
            cells.append(asdict(intervene(classifier, world, object, label, shown[:each])))
    return {
        "accuracy": round(right / pictures, 4),
        "cells": [cell for cell in cells if cell["role"]],
        "others": [cell for cell in cells if not cell["role"]],
    }
