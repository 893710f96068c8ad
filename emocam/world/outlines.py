"""Outlines to draw with; y runs downwards. Circles come from rational points, without a sine."""

Point = tuple[float, float]

QUARTER = [((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)) for t in (0, 0.2, 0.4, 0.6, 0.8)]
HALF = QUARTER + [(-y, x) for x, y in QUARTER]
CIRCLE = HALF + [(-x, -y) for x, y in HALF]
PENTAGON = [(0.0, -1.0), (0.9511, -0.309), (0.5878, 0.809), (-0.5878, 0.809), (-0.9511, -0.309)]
HEXAGON = [(0.0, -1.0), (0.866, -0.5), (0.866, 0.5), (0.0, 1.0), (-0.866, 0.5), (-0.866, -0.5)]


def oval(x: float, y: float, across: float, down: float) -> list[Point]:
    """Return an oval around (x, y) with these radii."""
    return [(x + across * u, y + down * v) for u, v in CIRCLE]


def dome(x: float, y: float, across: float, up: float) -> list[Point]:
    """Return the upper half of an oval."""
    return [(u, min(v, y)) for u, v in oval(x, y, across, up)]


def slab(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    """Return a rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def both(*right: Point) -> list[Point]:
    """Return a right half, from top to bottom, and its mirror image."""
    return [*right, *((-x, y) for x, y in reversed(right))]


def star(outer: float, inner: float) -> list[Point]:
    """Return a star with five points."""
    tips = [(outer * x, outer * y) for x, y in PENTAGON]
    notches = [(-inner * x, -inner * y) for x, y in PENTAGON[3:] + PENTAGON[:3]]
    return [point for pair in zip(tips, notches, strict=True) for point in pair]


def icing(half_width: float, top: float, teeth: int) -> list[Point]:
    """Return a band whose lower edge hangs down in points."""
    step = half_width / teeth
    edge = [(half_width - i * step, top + (0.17 if i % 2 else 0.07)) for i in range(2 * teeth + 1)]
    return [(-half_width, top), (half_width, top), *edge]


def leg(side: int, hip: float, knee: float, foot: float) -> list[Point]:
    """Return a spider's leg: up to the knee, down to the foot, and back."""
    return [(side * 0.1, hip), (side * 0.32, knee - 0.05), (side * 0.5, foot), (side * 0.31, knee + 0.04)]
