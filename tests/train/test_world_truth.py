from dataclasses import replace
from itertools import islice

import numpy as np
import torch

from emocam.classifier.base import Classifier
from emocam.functional.dice import Dice
from emocam.train.world_truth import bare_patches, intervene
from emocam.view.crops import Stretch
from emocam.world.compose import compose
from emocam.world.draw import Scene, Thing, box_of, draw
from emocam.world.rules import WORLDS


class Redness(Classifier):
    """Says Joy, by ten times the share of pure red."""

    labels = ["Joy", "Awe"]  # noqa: RUF012
    view = Stretch((200, 200))

    def forward(self, x):
        red = (x[:, 0] > 0.99) & (x[:, 1:].amax(1) < 0.01)
        joy = 10 * red.float().mean((-2, -1))
        return torch.stack([joy, torch.full_like(joy, 1e-3)], 1)


def scenes_with(object: str, count: int) -> list[Scene]:
    """Scenes of the standard world in which this object alone is painted pure red."""
    scenes = (compose(WORLDS["standard"], 0, index) for index in range(1000))
    held = islice((scene for scene in scenes if any(thing.object == object for thing in scene.things)), count)
    red = ((255, 0, 0),) * 3

    def paint(thing: Thing) -> Thing:
        return replace(thing, paints=red) if thing.object == object else thing

    return [replace(scene, things=tuple(map(paint, scene.things))) for scene in held]


def test_what_the_network_looks_at_is_used_and_nothing_else():
    scenes = scenes_with("Tree", 12)
    tree = intervene(Redness(), WORLDS["standard"], "Tree", "Joy", scenes)
    assert (tree.pictures, tree.role) == (12, "everywhere")
    assert tree.flips == 1 and tree.drop > 0.1 and tree.drop > 5 * abs(tree.drop_control)
    house = [scene for scene in scenes if any(thing.object == "House" for thing in scene.things)]
    assert abs(intervene(Redness(), WORLDS["standard"], "House", "Joy", house).drop) < 0.02


def test_control_leaves_the_spared_alone():
    changed = []
    for scene in scenes_with("Tree", 8):
        image = draw(scene)
        before, after = (
            np.asarray(image),
            np.asarray(bare_patches(scene, "Tree", {"Tree", "House"}, image, Dice(1))),
        )
        changed.append((before != after).any())
        for thing in scene.things:
            if thing.object in ("Tree", "House"):
                x0, y0, x1, y1 = (round(edge) for edge in box_of(thing, scene.size))
                assert np.array_equal(before[y0:y1, x0:x1], after[y0:y1, x0:x1])
    assert any(changed)
