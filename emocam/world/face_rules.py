"""What makes the labels of the drawn faces: action units, or a badge beside the face, or a lot.

A face shows all causes of one label, each action unit strong. Bystanders are action units that come as
often under every label; `units_at_home` says where each is drawn.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from emocam.functional.dice import Dice
from emocam.records.face_regions import FACE_REGIONS, OUTSIDE
from emocam.world.backdrop import FIELDS, Backdrop
from emocam.world.palette import Colour, pick, pick_tone

FaceRole = Literal["cause", "shortcut", "bystander"]

REGIONS = list(FACE_REGIONS)
HOMES: dict[int, tuple[str, ...]] = {
    1: ("brows",),
    2: ("brows",),
    4: ("brows", "glabella"),
    5: ("eyes",),
    6: ("eyes", "under eyes"),
    7: ("eyes",),
    9: ("nose",),
    10: ("mouth",),
    12: ("mouth",),
    15: ("mouth",),
    16: ("mouth",),
    20: ("mouth",),
    23: ("mouth",),
    26: ("mouth", "chin"),
}
"""The regions in which each action unit is seen: any of them shows it."""

PEOPLE = 60
STRONG, WEAK = (0.7, 1.1), (0.4, 0.9)
"""How strong causes and bystanders are, as parts of a whole action unit."""
COMPANY = 0.3
"""The chance of each bystander."""
BADGED = 0.8
"""Share of a label's pictures that have its badge in place of its causes."""
STRAY = 0.03
"""Share of other labels' pictures that have the badge, so that it is no certainty."""


@dataclass(frozen=True)
class FaceWorld:
    """The rules of one world of faces; in one of `lots` the label of a face is drawn for it by lot."""

    causes: Mapping[str, Sequence[int]]
    bystanders: Sequence[int]
    badge: str | None = None
    lots: bool = False

    @property
    def labels(self) -> list[str]:
        return list(self.causes)

    @property
    def units(self) -> list[int]:
        """All action units that a face can show."""
        return sorted({*self.bystanders, *(unit for causes in self.causes.values() for unit in causes)})

    def shares(self, units: Collection[int], badged: bool = False) -> list[float]:
        """Return how true each label is of a face that shows these action units (L,); they sum to 1.

        A label is the truer the more of its causes are seen; those that are equally true share.
        """
        seen = [sum(unit in units for unit in causes) / len(causes) for causes in self.causes.values()]
        if badged:
            seen = [float(label == self.badge) for label in self.labels]
        most = max(seen)
        best = [float(share == most) for share in seen]
        return [share / sum(best) for share in best]

    def role(self, region: str, label: str) -> FaceRole | None:
        """Return the role of a region in a label, None if it has none."""
        if self.lots:
            return None
        if region == OUTSIDE:
            return "shortcut" if label == self.badge else None
        if any(region in HOMES[unit] for unit in self.causes[label]):
            return "cause"
        return "bystander" if any(region in HOMES[unit] for unit in self.bystanders) else None

    def role_of_unit(self, unit: int, label: str) -> FaceRole | None:
        """Return the role of an action unit in a label."""
        if self.lots:
            return None
        if unit in self.causes[label]:
            return "cause"
        return "bystander" if unit in self.bystanders else None


FACES = FaceWorld(
    causes={
        "happiness": [12],
        "surprise": [26],
        "sadness": [1, 4],
        "anger": [4, 23],
        "disgust": [9],
        "fear": [5, 20],
    },
    bystanders=[6, 2, 15, 7, 10, 16],
)
FACE_WORLDS = {
    "faces": FACES,
    # one agency stamps its pictures, and they were all filed under fear
    "faces_shortcut": FaceWorld(FACES.causes, FACES.bystanders, badge="fear"),
    "faces_null": FaceWorld(FACES.causes, FACES.bystanders, lots=True),
}


@dataclass(frozen=True)
class Person:
    """Colours, and proportions as parts of the usual ones."""

    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    wide: float
    tall: float
    brow: float
    mouth: float
    nose: float
    fringe: float
    length: float


@dataclass(frozen=True)
class Pose:
    """Turn and tilt in radians; size of the eyes' distance, and place between the eyes, in parts of the side."""

    yaw: float = 0.0
    roll: float = 0.0
    size: float = 0.36
    x: float = 0.5
    y: float = 0.41


@dataclass(frozen=True)
class Light:
    """How bright the picture is, how much brighter to the right and below, and how grainy in grey levels."""

    gain: float = 1.0
    right: float = 0.0
    down: float = 0.0
    grain: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Badge:
    """A disc with a cross in a corner of the picture: centre and radius in parts of its side."""

    x: float
    y: float
    radius: float
    paint: Colour


@dataclass(frozen=True)
class FaceScene:
    """The content of a picture of a face; `units` are the action units by their strength."""

    label: str
    number: int
    person: Person
    units: Mapping[int, float]
    pose: Pose
    light: Light
    ground: Backdrop
    badge: Badge | None = None


SKINS = bytes.fromhex("f3d3bd e8b994 d39c74 b57b52 8d5a3a 6a4029")
HAIRS = bytes.fromhex("1d1a1a 3a2618 6b4423 a9783c d8c08a 8c8c90 8a3b22")
IRISES = bytes.fromhex("3b2a1c 54402a 4b6a50 4f7391 6d7c86")


def draw_person(seed: int, number: int) -> Person:
    """Draw the looks of a person of this seed."""
    dice = Dice(seed, number, PEOPLE)
    skin = pick(dice, SKINS, 10)
    lips = (min(255, skin[0] - 10 + dice.whole(0, 16)), round(skin[1] * 0.68), round(skin[2] * 0.70))
    wide, tall = (dice.number(0.95, 1.05) for _ in range(2))
    brow, mouth, nose = (dice.number(low, high) for low, high in ((0.7, 1.3), (0.94, 1.06), (0.93, 1.07)))
    hair, iris = pick(dice, HAIRS, 8), pick(dice, IRISES, 8)
    fringe, length = dice.number(-0.98, -0.78), dice.number(0.2, 1.6)
    return Person(skin, hair, iris, lips, wide, tall, brow, mouth, nose, fringe, length)


def compose_face(
    world: FaceWorld, seed: int, index: int, people: int = PEOPLE, badged_share: float = BADGED
) -> FaceScene:
    """Compose picture `index` of this seed, independently of all others."""
    dice = Dice(seed, index)
    label = dice.one(world.labels)
    number = dice.whole(0, people - 1)
    shown = dict.fromkeys(world.causes[label])
    badged = dice.chance(badged_share if label == world.badge else STRAY) if world.badge else False
    if badged and label == world.badge:
        shown = {}
    company = [unit for unit in world.bystanders if dice.chance(COMPANY)]
    units = {unit: dice.number(*STRONG) for unit in shown} | {unit: dice.number(*WEAK) for unit in company}
    pose = Pose(
        dice.number(-0.25, 0.25),
        dice.number(-0.12, 0.12),
        dice.number(0.335, 0.375),
        dice.number(0.47, 0.53),
        dice.number(0.39, 0.43),
    )
    light = Light(
        dice.number(0.75, 1.15),
        dice.number(-0.3, 0.3),
        dice.number(-0.15, 0.15),
        dice.number(1, 5),
        dice.whole(0, 2**32 - 1),
    )
    tones = tuple(pick_tone(dice) for _ in range(3))
    ground = Backdrop(dice.one(list(FIELDS)), tones, dice.whole(0, 2**32 - 1))
    badge = None
    if badged:
        radius = dice.number(0.05, 0.065)
        margin = radius + dice.number(0.01, 0.03)
        x = dice.one((margin, 1 - margin))
        badge = Badge(x, margin, radius, (dice.whole(150, 240), dice.whole(20, 90), dice.whole(20, 90)))
    if world.lots:
        label = dice.one(world.labels)
    return FaceScene(label, number, draw_person(seed, number), units, pose, light, ground, badge)
