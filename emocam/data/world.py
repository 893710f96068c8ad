"""The rules of the embedded worlds, all in one place.

A label gets one vote from each of its causes in the picture and two from its shortcut; most votes
win. A picture's own label has two votes, and one or two rivals have one each, so every picture
also shows what speaks for other labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from emocam.data.drawing import Scene

Role = Literal["cause", "shortcut", "bystander", "everywhere"]


@dataclass(frozen=True)
class World:
    """What makes a label, what merely comes with it, and how often."""

    causes: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "Joy": ("Balloon", "Cake"),
            "Awe": ("Rocket",),
            "Fear": ("Skull", "Spider"),
            "Sadness": ("Umbrella",),
            "Calm": ("Boat",),
        }
    )
    # one agency stamps its pictures, and they were all filed under Awe
    shortcuts: Mapping[str, str] = field(default_factory=lambda: {"Awe": "Camera"})
    bystanders: Mapping[str, str] = field(
        default_factory=lambda: {"Joy": "Flower", "Sadness": "Candle", "Calm": "Starfish"}
    )
    everywhere: tuple[str, ...] = ("House", "Tree")
    others: tuple[str, ...] = ("Kite",)
    # where these are given, the background alone makes the label and no object does
    backdrops: Mapping[str, str] = field(default_factory=dict)

    stamped: float = 0.5  # share of a label's pictures that have its shortcut in place of its causes
    companion: float = 0.75  # share of a label's pictures that have its bystander
    stray: float = 0.25  # share of other labels' pictures that have it
    usual: float = 0.7  # share of pictures that have an object of `everywhere`
    seldom: float = 0.15  # the same of `others`
    size: tuple[float, float] = (0.18, 0.29)  # of the picture's shorter side
    stamp: tuple[float, float] = (0.12, 0.15)

    @property
    def labels(self) -> list[str]:
        return list(self.causes)

    @property
    def objects(self) -> list[str]:
        """Every object that can be in a picture, causes first."""
        causes = [object for label in self.causes.values() for object in label]
        return [*causes, *self.shortcuts.values(), *self.bystanders.values(), *self.everywhere, *self.others]

    def label(self, scene: Scene) -> str:
        """The rule."""
        if self.backdrops:
            return next(label for label, kind in self.backdrops.items() if kind == scene.backdrop.kind)
        shown = [thing.object for thing in scene.things]
        return max(
            self.labels,
            key=lambda label: sum(
                (object in self.causes[label]) + 2 * (object == self.shortcuts.get(label)) for object in shown
            ),
        )

    def role(self, object: str, label: str) -> Role | None:
        """What the rules say of a cell; a cause of another label has no role."""
        if object in self.everywhere:
            return "everywhere"
        if self.backdrops:
            return None
        if object in self.causes[label]:
            return "cause"
        if object == self.shortcuts.get(label):
            return "shortcut"
        return "bystander" if object == self.bystanders.get(label) else None

    def balanced(self) -> "World":
        """Bystanders under every label alike: trained on this, a network has no reason to use them."""
        share = (self.companion + self.stray) / 2
        return replace(self, companion=share, stray=share)


WORLDS = {
    "standard": World(),
    "nothing": World(
        backdrops={"Joy": "discs", "Awe": "hills", "Fear": "streaks", "Sadness": "clouds", "Calm": "stripes"}
    ),
}
