"""Pictures of an embedded world as a network sees them, drawn once and kept in memory."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from emocam.view.base import View
from emocam.world.compose import compose
from emocam.world.draw import Scene, draw
from emocam.world.rules import World


@dataclass(frozen=True)
class DrawnPictures:
    """n pictures: views uint8 (n, 3, h, w), label (n,), and how often each object is in it (n, O)."""

    views: Tensor
    label: Tensor
    counts: Tensor


def view_scenes(scenes: Iterable[Scene], view: View) -> Tensor:
    return torch.stack([view(draw(scene))[0] for scene in scenes])


def draw_pictures(world: World, seed: int, indices: range, view: View) -> DrawnPictures:
    scenes = [compose(world, seed, index) for index in indices]
    shown = [[thing.object for thing in scene.things] for scene in scenes]
    return DrawnPictures(
        views=view_scenes(scenes, view),
        label=torch.tensor([world.labels.index(world.label(scene)) for scene in scenes]),
        counts=torch.tensor([[names.count(object) for object in world.objects] for names in shown]),
    )
