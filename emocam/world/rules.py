"""The rules of the embedded worlds, all in one place.

A label gets one vote from each of its causes in the picture and two from its shortcut; most votes win. A
picture's own label has two votes, and one or two rivals have one each, so every picture also shows causes
of other labels.

`nothing` has no cause at all. The other worlds follow the standard rule and make it harder to see: objects
without a vote are large (`size`) or stand in the middle (`place`), bystanders come with causes and only
with them (`pairs`), and annotations differ from what is shown (`noisy_detector`). `gaze` is the standard world, at
which people look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from emocam.world.draw import Scene

Role = Literal["cause", "shortcut", "bystander", "everywhere"]


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
        return [*causes, *self.stamps, *self.bystanders.values(), *self.everywhere, *self.others]

    def votes(self, label: str, objects: Sequence[str]) -> int:
        """Count a label's votes from these objects."""
        causes = self.causes[label]
        shortcut = self.shortcuts.get(label)
        return sum((object in causes) + 2 * (object == shortcut) for object in objects)

    def label(self, scene: Scene) -> str:
        """Return the label that the rules give a scene."""
        if self.backdrops:
            return next(label for label, kind in self.backdrops.items() if kind == scene.backdrop.kind)
        objects = [thing.object for thing in scene.things]
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
NOTHING = replace(
    STANDARD,
    backdrops={"Joy": "discs", "Awe": "hills", "Fear": "streaks", "Sadness": "clouds", "Calm": "stripes"},
)
WORLDS = {
    "standard": STANDARD,
    "nothing": NOTHING,
    "gaze": STANDARD,
    "size": replace(STANDARD, size=(0.16, 0.21), idle=(0.25, 0.35)),
    "place": replace(STANDARD, staged=1.0),
    "pairs": replace(STANDARD, companion=0.0, stray=0.0, paired=1.0),
    "noisy_detector": replace(STANDARD, missing=0.3, swapped=0.15, shifted=0.3, invented=0.3),
}
"""Each as strong as it goes."""
