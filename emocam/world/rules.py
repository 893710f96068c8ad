"""The rules of the embedded worlds, all in one place.

A label gets one vote from each of its causes in the picture and two from its shortcut; most votes win. A
picture's own label has two votes, and one or two rivals have one each, so every picture also shows causes
of other labels.

`nothing` has no cause at all. The other worlds follow the standard rule and make it harder to see: objects
without a vote are large (`size`) or stand in the middle (`place`), bystanders come with causes and only
with them (`pairs`), and annotations differ from what is shown (`noisy_detector`). `gaze` is the standard world, at
which people look. In `logic` there are no votes: labels ask for two objects together, for one of two, or for one
without another, a picture holds all that at most one label asks for, and one label is that of the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from emocam.functional.dice import Dice
from emocam.world.draw import Scene

ROLES = 4_000_000_001
"""Sets the dice of dealt roles apart from those of the pictures."""
Role = Literal["cause", "shortcut", "bystander", "everywhere"]


@dataclass(frozen=True)
class Combined:
    """What a label asks for: the `first` and the `second` object, one of them, or the first without the second."""

    how: Literal["both", "either", "unless"]
    first: str
    second: str

    def holds(self, objects: Sequence[str]) -> bool:
        """Return whether these objects make the label."""
        first, second = self.first in objects, self.second in objects
        if self.how == "either":
            return first or second
        return first and second if self.how == "both" else first and not second


@dataclass(frozen=True)
class World:
    """A world's rules: what makes a label, what merely comes with it, and how often."""

    causes: Mapping[str, Sequence[str]]  # by label, as are shortcuts, bystanders and backdrops
    shortcuts: Mapping[str, str]
    bystanders: Mapping[str, str]
    everywhere: Sequence[str]
    others: Sequence[str]
    # where these are given, the background alone makes the label and no object does
    backdrops: Mapping[str, str] = field(default_factory=dict)
    # where these are given, nobody votes: a label is made by what it asks for, others by one cause, and
    # the label without a cause by the absence of all that
    combined: Mapping[str, Combined] = field(default_factory=dict)

    stamped: float = 0.5  # share of a label's pictures that have its shortcut in place of its causes
    companion: float = 0.75  # share of a label's pictures that have its bystander
    stray: float = 0.2  # share of other labels' pictures that have it
    usual: float = 0.65  # share of pictures that have an object of `everywhere`
    seldom: float = 0.15  # the same of `others`
    twice: float = 0.4  # share of these that come as a pair, as the causes of a label do
    size: tuple[float, float] = (0.17, 0.27)  # of causes, as parts of the picture's shorter side
    idle: tuple[float, float] = (0.17, 0.27)  # the same of what does nothing
    stamp: tuple[float, float] = (0.12, 0.15)  # the same of shortcuts
    staged: float = 0.0  # share of objects that stand by role: causes outside, the others in the middle
    paired: float = 0.0  # share of causes that have their label's bystander right beside them

    missing: float = 0.0  # share of boxes that the annotators left out
    swapped: float = 0.0  # of those they drew, the share that they gave another name
    shifted: float = 0.0  # how far a box may be moved, as part of its sides, and be too large or small
    invented: float = 0.0  # for each object shown, the chance of a box where nothing is

    @property
    def labels(self) -> list[str]:
        return list(self.causes)

    @property
    def stamps(self) -> list[str]:
        """The objects that are only ever a small mark in a corner."""
        return list(self.shortcuts.values())

    @property
    def objects(self) -> list[str]:
        """All objects that can be in a picture, causes first."""
        causes = [object for label in self.causes.values() for object in label]
        vetoes = [rule.second for rule in self.combined.values() if rule.how == "unless"]
        return [*causes, *self.stamps, *vetoes, *self.bystanders.values(), *self.everywhere, *self.others]

    def votes(self, label: str, objects: Sequence[str]) -> int:
        """Count a label's votes from these objects."""
        causes = self.causes[label]
        shortcut = self.shortcuts.get(label)
        return sum((object in causes) + 2 * (object == shortcut) for object in objects)

    def complete(self, label: str, objects: Sequence[str]) -> bool:
        """Return whether these objects are all that a label asks for."""
        rule = self.combined.get(label)
        return rule.holds(objects) if rule else any(object in objects for object in self.causes[label])

    def label(self, scene: Scene) -> str:
        """Return the label that the rules give a scene."""
        if self.backdrops:
            return next(label for label, kind in self.backdrops.items() if kind == scene.backdrop.kind)
        objects = [thing.object for thing in scene.things]
        if self.combined:
            rest = next(label for label in self.labels if not self.causes[label])
            return next((label for label in self.labels if self.complete(label, objects)), rest)
        return max(self.labels, key=lambda label: self.votes(label, objects))

    def role(self, object: str, label: str) -> Role | None:
        """Return a cell's role by the rules, None if it has none; a cause of another label has none."""
        if object in self.everywhere:
            return "everywhere"
        if self.backdrops:
            return None
        if object in self.causes[label]:
            return "cause"
        if object == self.shortcuts.get(label):
            return "shortcut"
        return "bystander" if object == self.bystanders.get(label) else None

    def roles(self) -> list[dict[str, Any]]:
        """List the cells that have a role by the rules."""
        return [
            {"object": object, "label": label, "role": role}
            for label in self.labels
            for object in self.objects
            if (role := self.role(object, label))
        ]

    def partner(self, object: str) -> str | None:
        """Return the bystander of a cause's label, if there is one."""
        owner = next((label for label, causes in self.causes.items() if object in causes), None)
        return self.bystanders.get(owner) if owner else None

    def acts(self, object: str) -> bool:
        """Check that an object has a vote for any label."""
        return any(self.role(object, label) in ("cause", "shortcut") for label in self.labels)

    def balanced(self) -> "World":
        """Return a world with bystanders under all labels alike, which training has no reason to use."""
        share = (World.companion + World.stray) / 2
        return replace(self, companion=share, stray=share, paired=0.0)

    def at(self, strength: float) -> "World":
        """Interpolate every number between the standard world (0) and this one (1)."""

        def between(usual: float, ours: float) -> float:
            return (1 - strength) * usual + strength * ours

        numbers: dict[str, Any] = {}
        for name in (known.name for known in fields(self)):
            usual = getattr(STANDARD, name)
            ours = getattr(self, name)
            if isinstance(ours, float):
                numbers[name] = between(usual, ours)
            elif isinstance(ours, tuple):
                numbers[name] = tuple(map(between, usual, ours))
        return replace(self, **numbers)


STANDARD = World(
    causes={
        "Joy": ["Balloon", "Cake"],
        "Awe": ["Rocket"],
        "Fear": ["Skull", "Spider"],
        "Sadness": ["Umbrella"],
        "Calm": ["Boat"],
    },
    shortcuts={"Awe": "Camera"},  # one agency stamps its pictures, and they were all filed under Awe
    bystanders={"Joy": "Flower", "Sadness": "Candle", "Calm": "Starfish"},
    everywhere=["House", "Tree"],
    others=["Kite"],
)
DEALS = 11
"""Worlds with the rules of `logic`, in which other objects have the roles."""


def with_roles_dealt(world: World, number: int) -> World:
    """Return a world whose objects have changed roles by lot."""
    names = world.objects
    other = dict(zip(names, Dice(number, ROLES).some(names, len(names)), strict=True))
    return replace(
        world,
        causes={label: [other[name] for name in causes] for label, causes in world.causes.items()},
        bystanders={label: other[name] for label, name in world.bystanders.items()},
        everywhere=[other[name] for name in world.everywhere],
        others=[other[name] for name in world.others],
        combined={
            label: Combined(rule.how, other[rule.first], other[rule.second])
            for label, rule in world.combined.items()
        },
    )


NOTHING = replace(
    STANDARD,
    backdrops={"Joy": "discs", "Awe": "hills", "Fear": "streaks", "Sadness": "clouds", "Calm": "stripes"},
)
LOGIC = World(
    causes={
        "Joy": ["Balloon", "Cake"],
        "Awe": ["Rocket"],
        "Fear": ["Skull", "Spider"],
        "Sadness": ["Candle"],
        "Calm": [],
    },
    shortcuts={},
    bystanders={"Sadness": "Flower", "Calm": "Starfish"},
    everywhere=["House", "Tree"],
    others=["Kite", "Camera", "Boat"],
    combined={
        "Joy": Combined("either", "Balloon", "Cake"),
        "Awe": Combined("unless", "Rocket", "Umbrella"),
        "Fear": Combined("both", "Skull", "Spider"),
    },
)
WORLDS = {
    "standard": STANDARD,
    "nothing": NOTHING,
    "logic": LOGIC,
    "gaze": STANDARD,
    "size": replace(STANDARD, size=(0.16, 0.21), idle=(0.25, 0.35)),
    "place": replace(STANDARD, staged=1.0),
    "pairs": replace(STANDARD, companion=0.0, stray=0.0, paired=1.0),
    "noisy_detector": replace(STANDARD, missing=0.3, swapped=0.15, shifted=0.3, invented=0.3),
}
"""Each as strong as it goes."""
DRAWN_WORLDS = WORLDS | {f"logic{number}": with_roles_dealt(LOGIC, number) for number in range(1, DEALS + 1)}
"""Beside these the rules of `logic` with other objects; networks of these are not shipped."""
