"""Trains the network of a world of drawn faces, and measures what it uses by drawing faces again.

Of half of the faces it sees in training some regions are hidden, and the labels are then as true as what
is left to be seen makes them. So it knows a face of which it cannot tell, and no label is its answer to
nothing. Its convolutions learn to measure the action units along the way.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter
from safetensors.torch import save_file
from torch import Tensor

from emocam.classifier.base import Classifier
from emocam.classifier.planted import VIEW, PlantedClassifier
from emocam.functional.dice import Dice
from emocam.functional.statistics.log_odds import log_odds
from emocam.records.face_regions import OUTSIDE
from emocam.train.world import FIRST, learn
from emocam.train.world_pictures import DrawnPictures
from emocam.train.world_truth import UNSEEN, USED, MeasuredCell, logits_of_pictures
from emocam.world.face_rules import FACE_WORLDS, HOMES, REGIONS, FaceScene, FaceWorld, compose_face
from emocam.world.faces import at_rest, draw_face, owners, without_units

PEOPLE = 4000
"""People to train on and to measure with, of whom those of a corpus are the first few."""
SMOOTH = 0.05
"""Of every label's truth, spread over all labels: no answer is then surer than the pictures make it."""
SHIFT = 3
BADGED = 0.5
"""Share of a label's pictures in training that have its badge: its causes are to be learnt, too."""
PARTLY, HIDDEN = 0.15, 0.4
"""Shares of pictures in training that show only some of their causes, and of which regions are hidden."""
MOST_HIDDEN = 5
TRAINING_DICE, CONTROL_DICE = 2, 3
LEAST = 5
"""Faces that must show an action unit, for it to be measured."""


@dataclass(frozen=True)
class MeasuredUnit:
    """One action unit and one label: how far the label's log-odds drop where the face is drawn without it."""

    unit: int
    label: str
    role: str | None
    used: bool
    pictures: int
    drop: float
    flips: float


def partly_shown(world: FaceWorld, scene: FaceScene, dice: Dice) -> FaceScene:
    """Take some or all of the causes away, and the badge now and then."""
    causes = sorted({unit for units in world.causes.values() for unit in units} & set(scene.units))
    gone = dice.some(causes, dice.whole(1, len(causes))) if causes else []
    return replace(without_units(scene, gone), badge=None)


def hide(scene: FaceScene, image: Image.Image, dice: Dice) -> tuple[Image.Image, set[int], bool]:
    """Return the picture with some regions hidden, the action units still seen, and whether the badge is."""
    number = owners(scene)
    count = dice.whole(1, MOST_HIDDEN)
    gone = dice.some(REGIONS, count)
    covered = np.isin(number, [REGIONS.index(region) for region in gone])
    ground = dice.one(("blur", "grey", "black"))
    if ground == "blur":
        fill = image.filter(ImageFilter.GaussianBlur(dice.number(8, 24)))
    else:
        level = dice.whole(90, 160) if ground == "grey" else 0
        fill = Image.new("RGB", image.size, (level,) * 3)
    shown = image.copy()
    shown.paste(fill, mask=Image.fromarray(covered.astype(np.uint8) * 255))
    seen = {unit for unit in scene.units if not set(HOMES[unit]) <= set(gone)}
    return shown, seen, scene.badge is not None and OUTSIDE not in gone


def draw_training_faces(world: FaceWorld, seed: int, indices: range) -> DrawnPictures:
    """Draw faces to learn from: `label` (n, L) says how true each is, `counts` (n, U) how strong each unit is."""
    views, shares, strengths = [], [], []
    for index in indices:
        dice = Dice(seed, index, TRAINING_DICE)
        scene = compose_face(world, seed, index, PEOPLE, BADGED)
        label = world.labels.index(scene.label)
        if dice.chance(PARTLY):
            scene = partly_shown(world, scene, dice)
        image, seen, badged = draw_face(scene), set(scene.units), scene.badge is not None
        if dice.chance(HIDDEN):
            image, seen, badged = hide(scene, image, dice)
        views.append(VIEW(image)[0])
        known = [float(number == label) for number in range(len(world.labels))]
        # a badge under another label is rare, and no rule: what the face shows is true
        badged = badged and scene.label == world.badge
        shares.append(known if world.lots else world.shares(seen, badged))
        strengths.append([scene.units.get(unit, 0.0) * (unit in seen) for unit in world.units])
    return DrawnPictures(torch.stack(views), torch.tensor(shares), torch.tensor(strengths))


@dataclass(frozen=True)
class AnsweredFaces:
    """Faces with their pictures and a network's logits (n, L), of which `each` are measured for a label."""

    classifier: Classifier
    world: FaceWorld
    scenes: Sequence[FaceScene]
    images: Sequence[Image.Image]
    logits: Tensor
    each: int

    @property
    def answers(self) -> list[str]:
        return [self.classifier.labels[i] for i in self.logits.argmax(-1).tolist()]

    def regions(self, label: str, dice: Dice) -> list[MeasuredCell]:
        """Measure each region drawn at rest; the control is a region without a part in the label."""
        chosen = [i for i, answer in enumerate(self.answers) if answer == label][: self.each]
        if not chosen:
            return []
        resting = zip(*(at_rest(self.scenes[i], self.images[i], REGIONS) for i in chosen), strict=True)
        changes = {
            region: self._change(chosen, pictures, label)
            for region, pictures in zip(REGIONS, resting, strict=True)
        }
        idle = [r for r in REGIONS if self.world.role(r, label) not in ("cause", "shortcut")]
        cells = []
        for region in REGIONS:
            drop, flips = changes[region]
            drop_control, flips_control = changes[dice.one([other for other in idle if other != region])]
            used = min(drop, drop - drop_control) > USED
            measured = (round(value, 3) for value in (drop, drop_control, flips, flips_control))
            role = self.world.role(region, label)
            cells.append(MeasuredCell(region, label, role, used, len(chosen), *measured))
        return cells

    def units(self, label: str) -> list[MeasuredUnit]:
        """Measure each action unit that at least five faces with this answer show."""
        found = []
        for unit in self.world.units:
            chosen = [i for i, answer in enumerate(self.answers) if answer == label]
            chosen = [i for i in chosen if unit in self.scenes[i].units][: self.each]
            if len(chosen) < LEAST:
                continue
            pictures = [draw_face(without_units(self.scenes[i], [unit])) for i in chosen]
            drop, flips = self._change(chosen, pictures, label)
            role = self.world.role_of_unit(unit, label)
            found.append(
                MeasuredUnit(unit, label, role, drop > USED, len(chosen), round(drop, 3), round(flips, 3))
            )
        return found

    def _change(
        self, chosen: Sequence[int], pictures: Sequence[Image.Image], label: str
    ) -> tuple[float, float]:
        """Return how far the label's log-odds drop in other pictures of these faces, and how many answers turn."""
        number = self.world.labels.index(label)
        of = torch.full((len(chosen),), number)
        after = logits_of_pictures(self.classifier, pictures)
        drop = log_odds(self.logits[list(chosen)], of) - log_odds(after, of)
        return drop.mean().item(), (after.argmax(-1) != number).float().mean().item()


def measure_faces(
    classifier: Classifier, world: FaceWorld, seed: int, pictures: int = 1200, each: int = 40
) -> dict[str, Any]:
    """Measure accuracy on faces unseen, and what regions and action units do in at most `each` of a label."""
    scenes = [compose_face(world, seed, UNSEEN + i, PEOPLE) for i in range(pictures)]
    images = [draw_face(scene) for scene in scenes]
    faces = AnsweredFaces(classifier, world, scenes, images, logits_of_pictures(classifier, images), each)
    right = sum(answer == scene.label for answer, scene in zip(faces.answers, scenes, strict=True))
    dice = Dice(seed, CONTROL_DICE)
    cells = [cell for label in world.labels for cell in faces.regions(label, dice)]
    units = [unit for label in world.labels for unit in faces.units(label)]
    return {
        "accuracy": round(right / pictures, 4),
        "cells": [asdict(cell) for cell in cells if cell.role],
        "others": [asdict(cell) for cell in cells if not cell.role],
        "units": [asdict(unit) for unit in units],
    }


def train_faces(world: str, seed: int, pictures: int, epochs: int, out: Path) -> dict[str, Any]:
    """Train a network; write WORLD.safetensors and WORLD.json, the truth by drawing again, to `out`."""
    rules = FACE_WORLDS[world]
    drawn = draw_training_faces(rules, seed, range(FIRST, FIRST + pictures))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        drawn = replace(drawn, label=(1 - SMOOTH) * drawn.label + SMOOTH / len(rules.labels))
        out.mkdir(parents=True, exist_ok=True)
        lesson = learn(drawn, len(rules.labels), epochs, out, seed, SHIFT).eval()
    # half precision: the file is half as large, and no answer changes
    kept = {
        name: value.half() if value.is_floating_point() else value
        for name, value in lesson.state_dict().items()
        if not name.startswith("count.")
    }
    weights = out / f"{world}.safetensors"
    save_file(kept, weights, {"labels": "\n".join(rules.labels)})
    measured = measure_faces(PlantedClassifier(weights=str(weights)), rules, seed)
    truth = {"world": world, "trained": {"seed": seed, "pictures": pictures, "epochs": epochs}, **measured}
    (out / f"{world}.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return truth
