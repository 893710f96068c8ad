"""Drawn faces: a scene is a record, and its picture a pure function of it.

All is drawn at twice the size, in whole pixels, and shrunk. A region can be drawn at rest in a face that
shows action units elsewhere, which is what the truth of these worlds is measured by.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw
from PIL.Image import Resampling

from emocam.functional.dice import Dice
from emocam.records.face_regions import OUTSIDE
from emocam.world.backdrop import draw_backdrop
from emocam.world.face_points import Points, displaced, rest
from emocam.world.face_regions import arc, outline, paint_regions, region_outlines
from emocam.world.face_rules import REGIONS, FaceScene, Person, Pose
from emocam.world.palette import Colour

SIDE = 160
ENLARGED = 2
INK: Colour = (32, 22, 22)
WHITE: Colour = (238, 234, 228)
MOUTH: Colour = (60, 18, 22)


def shade(colour: Colour, by: float) -> Colour:
    """Return a darker colour, black by 1."""
    red, green, blue = (round(value * (1 - by)) for value in colour)
    return red, green, blue


@lru_cache(maxsize=256)
def points_of(person: Person) -> Points:
    """Return a person's face at rest (68, 2)."""
    points = rest().copy()
    points[:17] *= (person.wide, person.tall)
    lips = points[48:68].mean(0)
    points[48:68] = lips + (points[48:68] - lips) * (person.mouth, 1.0)
    points[27:36] *= (person.nose, person.nose)
    return points


def place_points(points: Points | Sequence[tuple[float, float]], pose: Pose) -> Points:
    """Return points (p, 2) of a face where they are in the picture, in parts of its side."""
    at = np.asarray(points, float)
    depth = 0.5 - 0.35 * at[:, 0] ** 2 - 0.1 * at[:, 1] ** 2
    x = at[:, 0] * np.cos(pose.yaw) + (depth - 0.5) * np.sin(pose.yaw)
    y = at[:, 1]
    cosine, sine = np.cos(pose.roll), np.sin(pose.roll)
    turned = np.stack([cosine * x - sine * y, sine * x + cosine * y], 1)
    return pose.size * turned + (pose.x, pose.y)


def outlined_points(scene: FaceScene) -> Points:
    """Return a face's points (81, 2) with its expression: the 68, and 13 over the forehead."""
    points = displaced(points_of(scene.person), scene.units)
    return np.concatenate([points, outline(points)[17:]])


def without_units(scene: FaceScene, units: Collection[int] | None = None) -> FaceScene:
    """Return the scene without these action units, or without any."""
    kept = {} if units is None else {u: s for u, s in scene.units.items() if u not in units}
    return replace(scene, units=kept)


def owners(scene: FaceScene, fine: bool = False) -> np.ndarray:
    """Return the number of each pixel's region (SIDE, SIDE)."""
    points = displaced(points_of(scene.person), scene.units)
    polygons = {
        name: [SIDE * place_points(polygon, scene.pose) for polygon in parts]
        for name, parts in region_outlines(points, scene.person.fringe).items()
    }
    return paint_regions(polygons, SIDE, fine)


def draw_face(scene: FaceScene) -> Image.Image:
    """Draw the picture (SIDE, SIDE)."""
    ground = draw_backdrop(scene.ground, (SIDE, SIDE))
    brush = Brush(ground.resize((SIDE * ENLARGED,) * 2, Resampling.NEAREST), scene)
    brush.head()
    brush.eyes()
    brush.nose()
    brush.mouth()
    brush.badge()
    return lit(brush.image.reduce(ENLARGED), scene)


def lit(image: Image.Image, scene: FaceScene) -> Image.Image:
    """Draw light from a side over the picture, and grain."""
    light = scene.light
    along = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE - 0.5
    gain = light.gain * (1 + light.right * along + light.down * along[:, None])
    grain = (Dice(light.seed).bytes(SIDE, SIDE).astype(np.float32) - 127.5) * (light.grain / 127.5)
    shown = np.asarray(image, np.float32) * gain[..., None] + grain[..., None]
    return Image.fromarray(np.rint(shown).clip(0, 255).astype(np.uint8))


def at_rest(scene: FaceScene, image: Image.Image, regions: Sequence[str]) -> Iterator[Image.Image]:
    """Yield the picture with each region in turn as it is without action units; outside, without the badge."""
    still = without_units(scene)
    resting, number, number_resting = draw_face(still), owners(scene), owners(still)
    for region in regions:
        if region == OUTSIDE:
            yield image if scene.badge is None else draw_face(replace(scene, badge=None))
            continue
        place = REGIONS.index(region)
        covered = (number == place) | (number_resting == place)
        shown = image.copy()
        shown.paste(resting, mask=Image.fromarray(covered.astype(np.uint8) * 255))
        yield shown


class Brush:
    """Draws the parts of a face into an enlarged picture."""

    def __init__(self, image: Image.Image, scene: FaceScene) -> None:
        self.image, self.scene, self.person = image, scene, scene.person
        self.pen = ImageDraw.Draw(image)
        self.points = displaced(points_of(scene.person), scene.units)

    def at(self, points: Points | Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
        """Return points of the face as pixels of the picture."""
        pixels = np.rint(place_points(points, self.scene.pose) * (SIDE * ENLARGED)).astype(int)
        return [(x, y) for x, y in pixels.tolist()]

    def width(self, of: float) -> int:
        return max(1, round(of * self.scene.pose.size * SIDE * ENLARGED))

    def fill(self, points: Points | Sequence[tuple[float, float]], colour: Colour) -> None:
        self.pen.polygon(self.at(points), fill=colour)

    def line(self, points: Points | Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        self.pen.line(self.at(points), fill=colour, width=self.width(width), joint="curve")

    def darker(self, by: float) -> Colour:
        return shade(self.person.skin, by)

    def strength(self, unit: int) -> float:
        return self.scene.units.get(unit, 0.0)

    def head(self) -> None:
        """Draw neck, hair, skin and fringe, and the lines between the brows."""
        person, points = self.person, self.points
        self.fill([(-0.5, 0.9), (0.5, 0.9), (0.75, 2.4), (-0.75, 2.4)], self.darker(0.22))
        hair = arc(1.22, -1.36, 0.1)
        self.fill([(1.18, person.length), *map(tuple, hair), (-1.18, person.length)], person.hair)
        self.fill(outline(points), person.skin)
        top = arc(1.07, -1.19, 0.15, 0.13)
        self.fill([*map(tuple, top), (-0.55, person.fringe), (0.1, person.fringe - 0.06)], person.hair)
        thin = 0.035 * person.brow * np.array([(0, 0.7), (0, 1.0), (0, 1.1), (0, 1.1), (0, 1.0)])
        for brow, thick in ((points[17:22], thin), (points[22:27], thin[::-1])):
            self.fill(np.concatenate([brow - thick, (brow + thick)[::-1]]), shade(person.hair, 0.25))
        if self.strength(4):
            between = points[[21, 22]].mean(0)
            deep = self.darker(0.45 * min(1.0, self.strength(4)))
            for x in (-0.055, 0.055):
                self.line(between + np.array([(x, -0.05), (0.8 * x, 0.14)]), deep, 0.025)

    def eyes(self) -> None:
        """Draw both eyes, their lids and the creases below."""
        for lids in (self.points[36:42], self.points[42:48]):
            white = Image.new("L", self.image.size)
            ImageDraw.Draw(white).polygon(self.at(lids), fill=255)
            eye = Image.new("RGB", self.image.size, WHITE)
            pen = ImageDraw.Draw(eye)
            middle = (lids[[0]] + lids[[3]]) / 2
            for radius, colour in ((0.088, self.person.iris), (0.042, INK)):
                (x, y), reach = self.at(middle)[0], self.width(radius)
                pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
            self.image.paste(eye, mask=white)
            self.line(lids[:4], INK, 0.03)
            self.line(lids[[3, 4, 5, 0]], self.darker(0.4), 0.015)
            self.line(lids[[5, 4]] + np.array([(-0.06, 0.09), (0.06, 0.09)]), self.darker(0.2), 0.02)

    def nose(self) -> None:
        """Draw the nose, the lines across it, and the folds beside it."""
        points = self.points
        side = 0.07 if self.scene.light.right < 0 else -0.07
        bridge = points[27:31] + np.array([(0.6 * side, 0), (side, 0), (side, 0), (1.2 * side, 0)])
        self.line(bridge, self.darker(0.16), 0.03)
        self.line(points[31:36], self.darker(0.35), 0.03)
        for wing, nostril, corner, way in ((31, 32, 48, -1), (35, 34, 54, 1)):
            self.line(points[wing] + np.array([(0, 0), (way * 0.05, -0.07)]), self.darker(0.35), 0.03)
            (x, y), reach = self.at(points[[nostril]])[0], self.width(0.03)
            self.pen.ellipse((x - reach, y - reach // 2, x + reach, y + reach // 2), fill=self.darker(0.6))
            fold = np.stack([points[wing], (points[wing] + points[corner]) / 2, points[corner]])
            away = np.array([(way * 0.10, -0.02), (way * 0.155, -0.04), (way * 0.11, -0.02)])
            self.line(fold + away, self.darker(0.2), 0.025)
        if self.strength(9):
            deep = self.darker(0.45 * min(1.0, self.strength(9)))
            for low in (0.06, 0.15, 0.24):
                self.line([(-0.09, low + 0.03), (0, low), (0.09, low + 0.03)], deep, 0.025)

    def mouth(self) -> None:
        """Draw the lips, what is between them, and the crease over the chin."""
        points = self.points
        self.fill(points[48:60], self.person.lips)
        inner = points[60:68]
        self.fill(inner, MOUTH)
        if inner[6, 1] - inner[2, 1] > 0.11:
            lower = inner[:5] * (0.9, 1) + np.array((0, 0.045))
            teeth = np.concatenate([inner[:5], lower[::-1]])
            self.fill(teeth, WHITE)
        self.line(points[57] + np.array([(-0.16, 0.11), (0, 0.14), (0.16, 0.11)]), self.darker(0.2), 0.025)

    def badge(self) -> None:
        """Draw the badge, where there is one."""
        badge = self.scene.badge
        if badge is None:
            return
        x, y, reach = (round(value * SIDE * ENLARGED) for value in (badge.x, badge.y, badge.radius))
        self.pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=badge.paint)
        arm, thick = round(0.65 * reach), max(1, round(0.2 * reach))
        self.pen.rectangle((x - arm, y - thick, x + arm, y + thick), fill=WHITE)
        self.pen.rectangle((x - thick, y - arm, x + thick, y + arm), fill=WHITE)
