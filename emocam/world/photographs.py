"""Planted photographs: cut-outs pasted on crops of photographs, so that any of them can be left out again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image
from PIL.Image import Resampling, Transpose

from emocam.functional.dice import Dice
from emocam.world.album import Album
from emocam.world.draw import Box
from emocam.world.photograph_rules import LabelRule, PhotographRules

SIDE = 160
"""Pixels of a picture along each side."""
TRAINING = 1_000_000_000
"""Pictures to train on are counted from here; they have companions in balance and photographs of their own."""
HELD_BACK = 3
"""Every third photograph is kept for corpora, and no network is trained on it."""
TRIES, TOLERATED = 12, 0.08
USUAL, LARGE, SMALL, STAMP = (0.23, 0.33), (0.38, 0.46), (0.15, 0.20), (0.13, 0.17)
"""The longer side of a thing as a part of the picture's."""
AROUND = 2.1
"""How many times as long a companion is that stands around a cause."""
COMPANION, STRAY, BALANCED = 0.75, 0.2, 0.45
"""Share of a label's pictures that have its companion, of the others; and of both in training."""
EVERYWHERE, SELDOM, INCOMPLETE = 0.6, 0.25, 0.3
VISIBLE, LEAST = 0.5, 0.004
"""How much of a photograph's own object must lie in the crop, and how much of the crop it must cover."""


@dataclass(frozen=True)
class PastedCutOut:
    """A cut-out in the picture: its number, centre and longer side in pixels, mirrored or not, how light."""

    object: str
    number: int
    x: float
    y: float
    side: float
    mirrored: bool
    light: float


@dataclass(frozen=True)
class PhotoScene:
    """A crop of a photograph in pixels, the things pasted on it from back to front, and the label.

    `turned` says how the crop is mirrored and turned, in training alone: few photographs become more.
    """

    photo: int
    crop: tuple[int, int, int, int]
    things: tuple[PastedCutOut, ...]
    label: str
    turned: Transpose | None = None

    def without(self, object: str) -> "PhotoScene":
        """Return the same scene, had this object never been pasted."""
        return replace(self, things=tuple(thing for thing in self.things if thing.object != object))


@dataclass(frozen=True)
class ShownRegion:
    """An object with its box in pixels, and the share of each pixel (SIDE, SIDE) that is seen of it.

    `own` ones are the photograph's own.
    """

    object: str
    box: Box
    shape: np.ndarray
    own: bool = False

    def mask(self, side: int) -> np.ndarray:
        """Draw what is seen of it, as shares of equal cells of its box: float32 (side, side)."""
        image = Image.fromarray(self.shape)
        return np.asarray(image.resize((side, side), Resampling.BOX, self.box), np.float32)


class Photographs:
    """Composes pictures by rules from an album; a picture depends on seed and index alone."""

    def __init__(self, album: Album, rules: PhotographRules) -> None:
        self.album, self.rules = album, rules
        self.cut = lru_cache(4096)(self._cut)

    def __getstate__(self) -> tuple[Album, PhotographRules]:
        return self.album, self.rules

    def __setstate__(self, state: tuple[Album, PhotographRules]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def roles(self) -> list[dict[str, Any]]:
        """List the cells that have a role by the rules."""
        planted = [object for object in self.album.objects if object in self.rules.planted]
        cells = [
            {"object": object, "label": label, "role": self.rules.role(object, label)}
            for label in self.rules.labels
            for object in planted
        ]
        return [cell for cell in cells if cell["role"]]

    def scene(self, seed: int, index: int) -> PhotoScene:
        """Compose picture `index` of a seed."""
        training = index >= TRAINING
        dice = Dice(seed, index)
        rule = dice.one(self.rules.rules)
        photo, crop = self._crop(dice, training)
        setting = Setting(self, dice)
        for ask in self._asked(rule, dice, training):
            ask(setting)
        turned = dice.one([None, *Transpose]) if training else None
        return PhotoScene(photo, crop, tuple(setting.things), rule.label, turned)

    def _crop(self, dice: Dice, training: bool) -> tuple[int, tuple[int, int, int, int]]:
        """Choose a square of a photograph in which no planted object is by itself."""
        photos = self.album.photos
        usable = [i for i in range(len(photos)) if (i % HELD_BACK > 0) == training] or [0]
        number, crop = usable[0], (0, 0, 1, 1)
        for _ in range(100):
            number = dice.one(usable)
            width, height = photos[number].image.size
            side = dice.whole(round(0.35 * min(width, height)), min(width, height))
            left, top = dice.whole(0, width - side), dice.whole(0, height - side)
            crop = (left, top, left + side, top + side)
            planted = [name for name, box in photos[number].objects if _inside(box, crop) > 0]
            if not self.rules.planted & set(planted):
                break
        return number, crop

    def _asked(self, own: LabelRule, dice: Dice, training: bool) -> Iterator["Ask"]:
        """Yield all that is pasted, in the order in which it finds its place."""
        with_cause = BALANCED if training else COMPANION
        elsewhere = BALANCED if training else STRAY
        yield from self._complete(own, dice, training, dice.chance(with_cause))
        for rule in self.rules.rules:
            if rule == own:
                continue
            if rule.kind in ("beside", "around") and dice.chance(elsewhere):
                yield Ask(dice.one([*self.rules.everywhere, *self.rules.seldom]), (rule.beside, rule.kind))
            elif rule.kind == "shortcut" and not training and dice.chance(STRAY):
                yield Ask(rule.beside or "")
            elif dice.chance(INCOMPLETE):
                yield from self._incomplete(rule, dice)
        for object in self.rules.everywhere:
            if dice.chance(EVERYWHERE):
                yield Ask(object)
        for object in self.rules.seldom:
            if dice.chance(SELDOM):
                yield Ask(object)

    def _complete(self, rule: LabelRule, dice: Dice, training: bool, company: bool) -> Iterator["Ask"]:
        """Yield what makes the label."""
        if rule.kind == "either":
            yield from map(Ask, rule.causes if dice.chance(0.2) else [dice.one(rule.causes)])
        elif rule.kind in ("beside", "around"):
            yield Ask(rule.causes[0], (rule.beside, rule.kind) if company else None)
        elif rule.kind == "stamp":
            yield Ask(rule.causes[0], size=STAMP, where="corner")
        elif rule.kind == "large":
            yield Ask(rule.causes[0], size=LARGE)
        elif rule.kind == "high":
            yield Ask(rule.causes[0], where="high")
        else:
            yield from map(Ask, rule.causes)
            if rule.kind == "shortcut" and (training or company):
                yield Ask(rule.beside or "")

    def _incomplete(self, rule: LabelRule, dice: Dice) -> Iterator["Ask"]:
        """Yield something of another label that does not make it."""
        if rule.kind == "both":
            yield Ask(dice.one(rule.causes))
        elif rule.kind == "veto":
            yield Ask(rule.beside or "")
            if dice.chance(0.7):
                yield Ask(rule.causes[0])
        elif rule.kind == "large":
            yield Ask(rule.causes[0], size=SMALL)
        elif rule.kind == "high":
            yield Ask(rule.causes[0], where="low")

    def _cut(self, object: str, number: int, side: int, mirrored: bool, light: float) -> Image.Image:
        """Resize, mirror and light a cut-out as it is pasted."""
        whole = self.album.cut_outs[object][number]
        scale = side / max(whole.size)
        size = max(1, round(whole.width * scale)), max(1, round(whole.height * scale))
        found = whole.resize(size, Resampling.LANCZOS)
        if mirrored:
            found = found.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        colours = found.convert("RGB").point(lambda value: min(255, round(value * light)))
        colours.putalpha(found.getchannel("A"))
        return colours

    def place(self, thing: PastedCutOut) -> tuple[Image.Image, tuple[int, int]]:
        """Return what is pasted, and its left upper corner."""
        found = self.cut(thing.object, thing.number, round(thing.side), thing.mirrored, thing.light)
        return found, (round(thing.x - found.width / 2), round(thing.y - found.height / 2))

    def draw(self, scene: PhotoScene) -> Image.Image:
        """Draw the picture (SIDE, SIDE)."""
        photo = self.album.photos[scene.photo].image
        image = photo.resize((SIDE, SIDE), Resampling.BICUBIC, scene.crop)
        if scene.turned is not None:
            image = image.transpose(scene.turned)
        for thing in scene.things:
            cut, corner = self.place(thing)
            image.paste(cut, corner, cut)
        return image

    def regions(self, scene: PhotoScene) -> list[ShownRegion]:
        """List all that is pasted, and what of the photograph's own objects is in the crop and not hidden."""
        hidden = np.zeros((SIDE, SIDE), np.float32)
        found: list[ShownRegion] = []
        for thing in reversed(scene.things):
            cut, corner = self.place(thing)
            layer = Image.new("L", (SIDE, SIDE))
            layer.paste(cut.getchannel("A"), corner)
            own = np.asarray(layer, np.float32) / 255
            pasted = (*corner, corner[0] + cut.width, corner[1] + cut.height)
            found.append(ShownRegion(thing.object, _clipped(pasted), own * (1 - hidden)))
            hidden = np.maximum(hidden, own)
        found.reverse()
        if scene.turned is not None:  # to train on, where nobody asks for the photograph's own objects
            return found
        scale = SIDE / (scene.crop[2] - scene.crop[0])
        for name, box in self.album.photos[scene.photo].objects:
            if _inside(box, scene.crop) < VISIBLE:
                continue
            moved = _clipped(tuple((edge - scene.crop[i % 2]) * scale for i, edge in enumerate(box)))
            x0, y0, x1, y1 = (round(edge) for edge in moved)
            rest = np.zeros((SIDE, SIDE), np.float32)
            rest[y0:y1, x0:x1] = 1 - hidden[y0:y1, x0:x1]
            if rest.sum() >= max(LEAST * SIDE * SIDE, VISIBLE * (x1 - x0) * (y1 - y0)):
                found.append(ShownRegion(name, moved, rest, own=True))
        return found


@dataclass(frozen=True)
class Ask:
    """An object to be pasted, with a companion and how it stands to it."""

    object: str
    company: tuple[str | None, str] | None = None
    size: tuple[float, float] = USUAL
    where: str = "anywhere"

    def __call__(self, setting: "Setting") -> None:
        first = len(setting.things)
        host = setting.put(self.object, self.size, self.where)
        if self.company and self.company[0]:
            setting.accompany(host, self.company[0], self.company[1], first)


class Setting:
    """One picture in the making; `things` are pasted from back to front."""

    def __init__(self, world: Photographs, dice: Dice) -> None:
        self.world, self.dice = world, dice
        self.things: list[PastedCutOut] = []

    def pick(self, object: str, side: float, x: float, y: float) -> PastedCutOut:
        """Choose a random cut-out of the object."""
        dice = self.dice
        number = dice.whole(0, len(self.world.album.cut_outs[object]) - 1)
        return PastedCutOut(object, number, x, y, side, dice.chance(0.5), dice.whole(8, 12) / 10)

    def put(self, object: str, size: tuple[float, float], where: str) -> PastedCutOut:
        """Place it where it hides little."""
        side = self.dice.number(*size) * SIDE
        thing = self.pick(object, side, 0, 0)
        cut, _ = self.world.place(thing)
        best, least = thing, float("inf")
        for _ in range(TRIES):
            x, y = self._spot(cut.size, where)
            moved = replace(thing, x=x, y=y)
            hidden = max([_hides(self.world, moved, other) for other in self.things], default=0.0)
            if hidden < least:
                best, least = moved, hidden
            if least < TOLERATED:
                break
        self.things.append(best)
        return best

    def _spot(self, size: tuple[int, int], where: str) -> tuple[float, float]:
        x, y = (self.dice.number(side / 2, SIDE - side / 2) for side in size)
        if where == "corner":
            x, y = (self.dice.one((side / 2 + 2, SIDE - side / 2 - 2)) for side in size)
        if where in ("high", "low"):
            low, high = size[1] / 2, max(size[1] / 2, 0.36 * SIDE)
            y = self.dice.number(low, high) if where == "high" else SIDE - self.dice.number(low, high)
        return x, y

    def accompany(self, host: PastedCutOut, object: str, how: str, first: int) -> None:
        """Place a companion behind its host, so that it hides nothing of it: beside, or all around it."""
        cut, _ = self.world.place(host)
        if how == "around":
            thing = self.pick(object, AROUND * host.side, host.x, host.y)
            own, _ = self.world.place(thing)
            # the host lies within the companion's box, whatever the proportions of both
            grow = max(1.0, 1.1 * cut.width / own.width, 1.1 * cut.height / own.height)
            thing = replace(thing, side=min(grow * thing.side, SIDE))
        else:
            thing = self.pick(object, self.dice.number(*USUAL) * SIDE, host.x, host.y)
            own, _ = self.world.place(thing)
            reach = (cut.width + own.width) / 2 - min(cut.width, own.width) / 3
            left, right = host.x - reach, host.x + reach
            sides = [x for x in (left, right) if own.width / 2 <= x <= SIDE - own.width / 2]
            x = self.dice.one(sides) if sides else (right if host.x < SIDE / 2 else left)
            thing = replace(thing, x=x, y=host.y + self.dice.number(-0.15, 0.15) * cut.height)
        self.things.insert(first, self._within(thing))

    def _within(self, thing: PastedCutOut) -> PastedCutOut:
        """Move it until nothing of it leaves the picture, so that composing without it takes all of it away."""
        cut, _ = self.world.place(thing)
        x, y = (
            min(max(at, side / 2), SIDE - side / 2)
            for at, side in ((thing.x, cut.width), (thing.y, cut.height))
        )
        return replace(thing, x=x, y=y)


def _extent(world: Photographs, thing: PastedCutOut) -> Box:
    cut, (left, top) = world.place(thing)
    return _clipped((left, top, left + cut.width, top + cut.height))


def _hides(world: Photographs, one: PastedCutOut, other: PastedCutOut) -> float:
    """Return the share of the smaller box that both cover."""
    a, b = _extent(world, one), _extent(world, other)
    across, down = (max(0.0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    return across * down / max(1.0, min(_area(a), _area(b)))


def _area(box: Sequence[float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _inside(box: Box, crop: Sequence[float]) -> float:
    """Return the share of a box that lies in the crop."""
    cut = (max(box[0], crop[0]), max(box[1], crop[1]), min(box[2], crop[2]), min(box[3], crop[3]))
    return _area(cut) / max(1.0, _area(box))


def _clipped(box: Sequence[float]) -> Box:
    x0, y0, x1, y1 = (min(max(float(edge), 0.0), float(SIDE)) for edge in box)
    return x0, y0, x1, y1
