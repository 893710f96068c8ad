"""A scene is a record, and its picture a pure function of it: the same pixels on every machine.

Taking a thing out of the scene leaves every pixel that the thing did not touch as it was. Angles are given
by the tangent of their half, so that turning needs no sine: +, -, x and / are exact everywhere, the last
bit of a math library's sine is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw
from PIL.Image import Resampling

from emocam.world.backdrop import Backdrop, draw_backdrop
from emocam.world.outlines import Point
from emocam.world.palette import Colour
from emocam.world.shapes import INK, SHAPES

SUBPIXELS = 4
RIM = [(-3, -3), (3, -3), (3, 3), (-3, 3)]
"""Where a thing's outline is repeated in ink before it is painted, in subpixels."""

Box = tuple[float, float, float, float]
Polygon = tuple[Colour, Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class Thing:
    """A placed object: centre and size in pixels, and a colour for each of its shape's three paints."""

    object: str
    x: float
    y: float
    size: float
    half_tangent: float
    stretch: float
    paints: tuple[Colour, Colour, Colour]


@dataclass(frozen=True)
class Stroke:
    """A piece of clutter without a name; corners in pixels."""

    paint: Colour
    corners: tuple[Point, ...]


@dataclass(frozen=True)
class Scene:
    """The content of a picture, from back to front; `size` is (width, height)."""

    size: tuple[int, int]
    backdrop: Backdrop
    clutter: tuple[Stroke, ...]
    things: tuple[Thing, ...]

    def without(self, object: str) -> "Scene":
        """Return the scene without this object."""
        return replace(self, things=tuple(thing for thing in self.things if thing.object != object))


def subpixels(points: Iterable[Point]) -> list[tuple[int, int]]:
    return [(round(x * SUBPIXELS), round(y * SUBPIXELS)) for x, y in points]


def polygons(thing: Thing) -> list[Polygon]:
    """Return the thing's parts at their place in the picture."""
    t = thing.half_tangent
    across = thing.size * thing.stretch
    cosine, sine = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)

    def place(point: Point) -> Point:
        x, y = point[0] * across, point[1] * thing.size
        return thing.x + cosine * x - sine * y, thing.y + sine * x + cosine * y

    return [(thing.paints[paint], subpixels(map(place, outline))) for paint, outline in SHAPES[thing.object]]


def rimmed(thing: Thing) -> list[Polygon]:
    """Return the thing's parts over a rim of ink, which separates it from what is behind."""
    parts = polygons(thing)
    rim = []
    for _, outline in parts:
        shifted = [[(x + dx, y + dy) for x, y in outline] for dx, dy in RIM]
        rim += [(thing.paints[INK], copy) for copy in shifted]
    return rim + parts


def extent(shapes: Sequence[Polygon]) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 in subpixels, the last ones just outside."""
    xs = [x for _, outline in shapes for x, _ in outline]
    ys = [y for _, outline in shapes for _, y in outline]
    return min(xs), min(ys), max(xs) + 1, max(ys) + 1


def box_of(thing: Thing, size: tuple[int, int]) -> Box:
    """Return the thing's box within the picture, in pixels: quarters, so exact."""
    x0, y0, x1, y1 = (edge / SUBPIXELS for edge in extent(rimmed(thing)))
    return max(x0, 0.0), max(y0, 0.0), min(x1, float(size[0])), min(y1, float(size[1]))


def paint(image: Image.Image, shapes: Sequence[Polygon]) -> None:
    """Fill polygons into the image, with smooth edges: on an enlarged tile that is shrunk back."""
    x0, y0, x1, y1 = extent(shapes)
    left, top = max(x0 // SUBPIXELS, 0), max(y0 // SUBPIXELS, 0)
    right, bottom = min(-(-x1 // SUBPIXELS), image.width), min(-(-y1 // SUBPIXELS), image.height)
    if left >= right or top >= bottom:
        return
    enlarged = (right - left) * SUBPIXELS, (bottom - top) * SUBPIXELS
    tile = image.crop((left, top, right, bottom)).resize(enlarged, Resampling.NEAREST)
    canvas = ImageDraw.Draw(tile)
    for colour, outline in shapes:
        canvas.polygon([(x - left * SUBPIXELS, y - top * SUBPIXELS) for x, y in outline], fill=colour)
    image.paste(tile.reduce(SUBPIXELS), (left, top))


def draw(scene: Scene) -> Image.Image:
    """Draw a scene."""
    image = draw_backdrop(scene.backdrop, scene.size)
    for stroke in scene.clutter:
        paint(image, [(stroke.paint, subpixels(stroke.corners))])
    for thing in scene.things:
        paint(image, rimmed(thing))
    return image
