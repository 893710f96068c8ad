"""A planted film: scenes of one emotion, parted into shots whose things drift, and observers who say what they see.

The rules of the standard world make the emotion, so that what the shipped network uses is known. Observers
see a scene's emotion a little late, miss some scenes, and now and then say what is not there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from emocam.functional.dice import Dice
from emocam.world.compose import compose
from emocam.world.draw import Scene
from emocam.world.rules import World

FILM = "film"
SOURCE = "film.mp4"
STEP = 0.5
"""Seconds between frames."""
SIZE = (224, 160)
SHOT, SHOTS = (4, 8), (2, 4)
"""Frames of a shot and shots of a scene, from and to."""
OBSERVERS = 5
LATE, MISSED, WRONG = (0.0, 2.5), 0.15, 0.1
"""Seconds by which an observer is late, and the shares of scenes that are missed, or called something else."""
CASTING, DRIFTING, OBSERVING = 10, 11, 12
"""Set dice for different purposes apart."""


@dataclass(frozen=True)
class Shot:
    """Frames from `first` on, `frames` of them, of scene number `scene`; `take` is its picture's number."""

    first: int
    frames: int
    scene: int
    take: int


@dataclass(frozen=True)
class PlantedFilm:
    """The first `frames` frames of a seed's film."""

    rules: World
    seed: int
    frames: int

    @cached_property
    def shots(self) -> list[Shot]:
        """The shots in order; the last ends with the film, or after it."""
        dice = Dice(self.seed, CASTING)
        shots: list[Shot] = []
        first = scene = 0
        while first < self.frames:
            emotion = dice.one(self.rules.labels)
            for _ in range(dice.whole(*SHOTS)):
                length = dice.whole(*SHOT)
                shots.append(Shot(first, length, scene, self._take(len(shots), emotion)))
                first += length
            scene += 1
        return shots

    def _take(self, shot: int, emotion: str) -> int:
        """Return the first of the shot's pictures that shows the scene's emotion by the rules."""
        take = 1_000 * (shot + 1)
        while self.rules.label(compose(self.rules, self.seed, take, SIZE)) != emotion:
            take += 1
        return take

    def shot_of(self, frame: int) -> Shot:
        return next(shot for shot in self.shots if frame < shot.first + shot.frames)

    def time(self, frame: int) -> float:
        return frame * STEP

    def scene(self, frame: int) -> Scene:
        """Return what a frame shows: its shot's picture, whose things have drifted since it began."""
        shot = self.shot_of(frame)
        scene = compose(self.rules, self.seed, shot.take, SIZE)
        dice = Dice(self.seed, DRIFTING, shot.take)
        moved = []
        for thing in scene.things:
            across, down = dice.number(-1.5, 1.5), dice.number(-0.5, 0.5)
            x = thing.x + across * (frame - shot.first)
            y = thing.y + down * (frame - shot.first)
            half = thing.size / 2
            moved.append(
                replace(thing, x=min(max(half, x), SIZE[0] - half), y=min(max(half, y), SIZE[1] - half))
            )
        return replace(scene, things=tuple(moved))

    def label(self, frame: int) -> str:
        return self.rules.label(self.scene(frame))

    def scenes(self) -> Iterator[tuple[float, float, str]]:
        """Yield start, end and emotion of each scene."""
        for scene in range(self.shots[-1].scene + 1):
            shots = [shot for shot in self.shots if shot.scene == scene]
            end = min(self.frames, shots[-1].first + shots[-1].frames)
            yield self.time(shots[0].first), self.time(end), self.label(shots[0].first)

    def observed(self) -> Iterator[tuple[float, float, str, str]]:
        """Yield start, end and emotion of what each observer says, and the observer."""
        dice = Dice(self.seed, OBSERVING)
        for observer in range(1, OBSERVERS + 1):
            for start, end, emotion in self.scenes():
                late = round(dice.number(*LATE), 1)
                said = dice.one(self.rules.labels) if dice.chance(WRONG) else emotion
                if not dice.chance(MISSED) and start + late < end:
                    yield start + late, end, said, f"observer {observer}"
