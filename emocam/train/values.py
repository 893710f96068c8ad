"""The training of the network of the world `values`, and what it came to use, found by intervention."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from emocam.classifier.planted import VIEW, PlantedClassifier
from emocam.functional.dice import Dice
from emocam.network.values import DIRECTIONS, Values
from emocam.train.drawn import learn_drawn
from emocam.train.loop import Recipe
from emocam.train.world import FIRST, RATE, Lesson
from emocam.train.world_pictures import view_scenes
from emocam.train.world_truth import UNSEEN, MeasuredCell, bare_patches, logits_of_pictures
from emocam.world.compose import compose
from emocam.world.draw import Scene, draw
from emocam.world.rules import STANDARD, World
from emocam.world.value_rules import CAUSES, NAMES, VALUES, value_role, values_of

USED = 0.35
"""A drop in standard deviations, also beyond the control's, from which an object counts as used."""
PICTURES, EPOCHS = 12_000, 8
SHARE = 0.3
"""Of the pictures to learn from, those that hold an object."""


class ValueLesson(Lesson):
    """The same lesson with numbers to learn, (B, A) in standard deviations."""

    def missed(self, answers: Tensor, truth: Tensor) -> Tensor:
        return nn.functional.mse_loss(answers, truth)


def train_values(
    seed: int = 0, pictures: int = PICTURES, epochs: int = EPOCHS, out: Path = Path()
) -> dict[str, Any]:
    """Train the network; write values.safetensors, and values.json with the truth by intervention."""
    indices = range(FIRST, FIRST + pictures)
    scenes = [(compose(STANDARD, seed, index, cast=cast_alike), index) for index in indices]
    views = view_scenes((scene for scene, _ in scenes), VIEW)
    shown = [[thing.object for thing in scene.things] for scene, _ in scenes]
    counts = torch.tensor([[names.count(object) for object in STANDARD.objects] for names in shown])
    truth = true_values(scenes, seed)
    centre, scale = truth.mean(0), truth.std(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        out.mkdir(parents=True, exist_ok=True)
        lesson = ValueLesson(len(NAMES), counts.shape[1])
        tensors = (views, (truth - centre) / scale, counts)
        learn_drawn(lesson, tensors, Recipe(epochs, RATE), out, seed)
    # the file answers in the values' own units
    output = lesson.eval().head.output
    with torch.no_grad():
        output.weight.mul_(scale[:, None])
        output.bias.mul_(scale).add_(centre)
    kept = {name: value for name, value in lesson.state_dict().items() if not name.startswith("count.")}
    values = Values(tuple(NAMES), tuple(centre.tolist()), tuple(scale.tolist()))
    weights = out / f"{VALUES}.safetensors"
    save_file(kept, weights, {"labels": "\n".join(NAMES), **values.metadata()})
    trained = {"seed": seed, "pictures": pictures, "epochs": epochs}
    measured = measure_values(PlantedClassifier(weights=str(weights)), seed)
    found = {"world": VALUES, "trained": trained, **measured}
    (out / f"{VALUES}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def cast_alike(world: World, dice: Dice, label: str) -> list[str]:
    """Draw each object by itself: none tells of another, so that the network has no reason to use it for that."""
    shown = [object for object in world.objects if dice.chance(SHARE)]
    shown += [object for object in shown if object not in world.stamps and dice.chance(world.twice)]
    return dice.some(shown, len(shown))


def true_values(scenes: list[tuple[Scene, int]], seed: int) -> Tensor:
    """Return the values (n, A) of scenes, each with its number."""
    rows = [values_of(scene, seed, index) for scene, index in scenes]
    return torch.tensor([[row[name] for name in NAMES] for row in rows], dtype=torch.float32)


def measure_values(
    classifier: PlantedClassifier, seed: int = 0, pictures: int = 3000, each: int = 150
) -> dict[str, Any]:
    """Measure r of each value on unseen pictures, and every object's effect on it; at most `each` pictures."""
    scenes = [(compose(STANDARD, seed, UNSEEN + i), UNSEEN + i) for i in range(pictures)]
    answers = torch.cat(
        [
            logits_of_pictures(classifier, [draw(scene) for scene, _ in scenes[start : start + 64]])
            for start in range(0, pictures, 64)
        ]
    )
    known = true_values(scenes, seed)
    r = {
        name: round(torch.corrcoef(torch.stack([known[:, place], answers[:, 2 * place]]))[0, 1].item(), 3)
        for place, name in enumerate(NAMES)
    }
    cells = []
    for object in STANDARD.objects:
        shown = [scene for scene, _ in scenes if object in {thing.object for thing in scene.things}]
        cells += [asdict(cell) for cell in take_away(classifier, object, shown[:each])]
    return {
        "r": r,
        "cells": [cell for cell in cells if cell["role"]],
        "others": [cell for cell in cells if not cell["role"]],
    }


def take_away(classifier: PlantedClassifier, object: str, scenes: list[Scene]) -> list[MeasuredCell]:
    """Measure what an object does to each value, in both directions, by drawing its pictures without it."""
    images = [draw(scene) for scene in scenes]
    before = logits_of_pictures(classifier, images)
    drop = (before - logits_of_pictures(classifier, [draw(scene.without(object)) for scene in scenes])).mean(
        0
    )
    cells, controls = [], {}
    for place, label in enumerate(classifier.labels):
        # the control spares all that moves this value, either way
        spared = frozenset({object}.union(*(CAUSES.get(f"{label[:-2]} {sign}", ()) for sign in DIRECTIONS)))
        if spared not in controls:
            patched = [
                bare_patches(scene, object, set(spared), image, Dice(number))
                for number, (scene, image) in enumerate(zip(scenes, images, strict=True))
            ]
            controls[spared] = before - logits_of_pictures(classifier, patched)
        control = controls[spared][:, place].mean().item()
        moved = drop[place].item()
        used = min(moved, moved - control) > USED
        role = value_role(object, label)
        numbers = (round(number, 3) for number in (moved, control, 0.0, 0.0))
        cells.append(MeasuredCell(object, label, role, used, len(scenes), *numbers))
    return cells
