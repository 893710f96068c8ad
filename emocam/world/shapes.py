"""The shapes of the objects, around (0, 0) and about 1 high and wide.

An object is a list of parts, painted one over the other; the first number of a part says which of the
object's three paints it has. Names are from the vocabulary of Open Images.
"""

from emocam.world.outlines import HEXAGON, PENTAGON, Point, both, dome, icing, leg, oval, slab, star

Part = tuple[int, list[Point]]

BODY, DETAIL, INK = 0, 1, 2
LEGS = ((-0.12, -0.36, -0.3), (-0.05, -0.22, 0), (0.05, 0, 0.28), (0.12, 0.18, 0.48))
BAUBLES = ((-0.14, 0.24), (0.12, 0.2), (-0.06, 0.02), (0.04, -0.2))

SHAPES: dict[str, list[Part]] = {
    "Balloon": [
        (INK, slab(-0.02, 0.2, 0.02, 0.5)),
        (BODY, both((0, 0.12), (0.09, 0.25))),
        (BODY, oval(0, -0.15, 0.28, 0.34)),
        (DETAIL, oval(-0.1, -0.28, 0.07, 0.1)),
    ],
    "Cake": [
        (INK, slab(-0.5, 0.4, 0.5, 0.47)),
        (BODY, slab(-0.4, 0.08, 0.4, 0.4)),
        (BODY, slab(-0.25, -0.2, 0.25, 0.08)),
        (DETAIL, icing(0.4, 0.08, teeth=3)),
        (DETAIL, icing(0.25, -0.2, teeth=2)),
        (INK, oval(0, -0.29, 0.1, 0.1)),
    ],
    "Rocket": [
        (DETAIL, both((0.1, 0.22), (0.05, 0.38), (0, 0.5))),
        (INK, [(-0.14, 0), (-0.34, 0.36), (-0.12, 0.25)]),
        (INK, [(0.14, 0), (0.34, 0.36), (0.12, 0.25)]),
        (BODY, both((0, -0.5), (0.1, -0.38), (0.17, -0.2), (0.17, 0.08), (0.12, 0.26))),
        (DETAIL, both((0, -0.5), (0.1, -0.38), (0.15, -0.26))),
        (INK, oval(0, -0.08, 0.09, 0.09)),
    ],
    "Skull": [
        (BODY, oval(0, -0.12, 0.4, 0.36)),
        (BODY, slab(-0.22, 0.1, 0.22, 0.46)),
        (INK, oval(-0.16, -0.08, 0.11, 0.12)),
        (INK, oval(0.16, -0.08, 0.11, 0.12)),
        (INK, both((0, 0.04), (0.07, 0.16))),
        *[(INK, slab(x - 0.02, 0.28, x + 0.02, 0.46)) for x in (-0.11, 0, 0.11)],
    ],
    "Spider": [
        *[(INK, leg(side, *joints)) for side in (-1, 1) for joints in LEGS],
        (BODY, oval(0, 0.16, 0.2, 0.25)),
        (BODY, oval(0, -0.16, 0.15, 0.14)),
        (DETAIL, oval(-0.06, -0.2, 0.045, 0.045)),
        (DETAIL, oval(0.06, -0.2, 0.045, 0.045)),
    ],
    "Umbrella": [
        (INK, slab(-0.025, -0.5, 0.025, 0.46)),
        (INK, slab(0, 0.41, 0.15, 0.46)),
        (INK, slab(0.1, 0.34, 0.15, 0.46)),
        (BODY, dome(0, 0.04, 0.48, 0.46)),
        (DETAIL, both((0, -0.42), (0.1, -0.3), (0.16, 0.04))),
    ],
    "Boat": [
        (INK, slab(-0.025, -0.5, 0.025, 0.2)),
        (BODY, [(-0.46, 0.2), (0.46, 0.2), (0.3, 0.44), (-0.32, 0.44)]),
        (DETAIL, [(0.05, -0.48), (0.42, 0.13), (0.05, 0.13)]),
        (DETAIL, [(-0.05, -0.36), (-0.05, 0.13), (-0.34, 0.13)]),
    ],
    "Flower": [
        (INK, slab(-0.025, 0, 0.025, 0.5)),
        (INK, [(0, 0.42), (0.1, 0.26), (0.26, 0.22), (0.16, 0.37)]),
        *[(BODY, oval(0.2 * x, -0.18 + 0.2 * y, 0.13, 0.13)) for x, y in HEXAGON],
        (DETAIL, oval(0, -0.18, 0.13, 0.13)),
    ],
    "Candle": [
        (INK, slab(-0.3, 0.38, 0.3, 0.46)),
        (BODY, slab(-0.13, -0.14, 0.13, 0.38)),
        (INK, slab(-0.02, -0.22, 0.02, -0.14)),
        (DETAIL, both((0, -0.5), (0.07, -0.38), (0.1, -0.29), (0.06, -0.21))),
    ],
    "Starfish": [
        (BODY, star(0.5, 0.2)),
        *[(DETAIL, oval(0.27 * x, 0.27 * y, 0.05, 0.05)) for x, y in PENTAGON],
        (DETAIL, oval(0, 0, 0.06, 0.06)),
    ],
    "House": [
        (INK, slab(0.18, -0.44, 0.3, -0.1)),
        (BODY, slab(-0.36, -0.06, 0.36, 0.45)),
        (DETAIL, both((0, -0.48), (0.48, -0.06))),
        (INK, slab(-0.24, 0.12, -0.04, 0.45)),
        (DETAIL, slab(0.08, 0.06, 0.26, 0.24)),
    ],
    "Tree": [
        (INK, slab(-0.07, 0.2, 0.07, 0.5)),
        (BODY, both((0, -0.06), (0.36, 0.32))),
        (BODY, both((0, -0.28), (0.29, 0.08))),
        (BODY, both((0, -0.5), (0.22, -0.14))),
        *[(DETAIL, oval(x, y, 0.045, 0.045)) for x, y in BAUBLES],
    ],
    "Kite": [
        (INK, [(-0.02, 0.1), (0.02, 0.1), (0.1, 0.32), (0.04, 0.5), (0, 0.5), (0.05, 0.32)]),
        (BODY, both((0, -0.5), (0.28, -0.16), (0, 0.24))),
        (DETAIL, [(0, -0.5), (0.28, -0.16), (0, -0.16)]),
        (DETAIL, [(0, 0.24), (-0.28, -0.16), (0, -0.16)]),
    ],
    "Camera": [
        (BODY, slab(-0.48, -0.22, 0.48, 0.36)),
        (BODY, slab(-0.18, -0.36, 0.14, -0.2)),
        (INK, oval(0, 0.07, 0.23, 0.23)),
        (DETAIL, oval(0, 0.07, 0.12, 0.12)),
        (DETAIL, slab(0.28, -0.14, 0.4, -0.05)),
    ],
}
