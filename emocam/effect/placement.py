"""Random free places for the same boxes elsewhere in a picture, each as likely as any other.

Boxes are whole pixels (x0, y0, x1, y1), the last ones outside. Boxes that overlap each other stay together
as one shape, so that the control covers exactly as much of the picture.
"""

from collections.abc import Sequence

import numpy as np

from emocam.functional.dice import Dice

Pixels = tuple[int, int, int, int]
ATTEMPTS = 8
"""Of several shapes, those placed first may leave no room for the last."""


def overlap(one: Pixels, other: Pixels) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def shapes(boxes: Sequence[Pixels]) -> list[list[Pixels]]:
    """Group boxes that are connected by overlaps, the group with the largest extent first."""
    groups: list[list[Pixels]] = []
    for box in boxes:
        touching = [group for group in groups if any(overlap(box, other) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([box, *(other for group in touching for other in group)])
    return sorted(groups, key=lambda group: -_spread(around(group)))


def around(boxes: Sequence[Pixels]) -> Pixels:
    """Return the smallest box that holds all boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _spread(box: Pixels) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def moved_region(box: Pixels, x: int, y: int) -> Pixels:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def random_shift(
    shape: Sequence[Pixels], within: Pixels, taken: Sequence[Pixels], dice: Dice
) -> tuple[int, int] | None:
    """Draw one of all shifts that keep the shape within the box and off the taken ones, each as likely.

    The shifts at which two boxes overlap are a rectangle. The edges of all these rectangles cut the shifts
    into blocks that are free or not as a whole, so that no shift is tried in vain and a large picture costs
    no more.
    """
    outer = around(shape)
    first = within[0] - outer[0], within[1] - outer[1]
    end = within[2] - outer[2] + 1, within[3] - outer[3] + 1
    if end[0] <= first[0] or end[1] <= first[1]:
        return None
    # the rectangle of shifts at which a box of the shape would overlap a taken one
    blocked = np.array(
        [(t[0] - s[2] + 1, t[1] - s[3] + 1, t[2] - s[0], t[3] - s[1]) for s in shape for t in taken], np.int64
    ).reshape(-1, 4)
    blocked = blocked.clip([*first, *first], [*end, *end])
    xs = np.unique([first[0], end[0], *blocked[:, 0], *blocked[:, 2]])
    ys = np.unique([first[1], end[1], *blocked[:, 1], *blocked[:, 3]])
    shifts = np.outer(np.diff(ys), np.diff(xs))
    left, right = (np.searchsorted(xs, blocked[:, i]) for i in (0, 2))
    top, bottom = (np.searchsorted(ys, blocked[:, i]) for i in (1, 3))
    for x0, y0, x1, y1 in zip(left, top, right, bottom, strict=True):
        shifts[y0:y1, x0:x1] = 0
    # a random number among all free shifts: first its block, then its place within the block
    upto = shifts.ravel().cumsum()
    if not upto[-1]:
        return None
    number = dice.whole(0, int(upto[-1]) - 1)
    block = int(np.searchsorted(upto, number, side="right"))
    row, column = divmod(block, shifts.shape[1])
    y, x = divmod(number - int(upto[block] - shifts.ravel()[block]), int(xs[column + 1] - xs[column]))
    return int(xs[column]) + x, int(ys[row]) + y


def elsewhere(boxes: Sequence[Pixels], within: Pixels, dice: Dice) -> list[Pixels] | None:
    """Place the same boxes at random elsewhere, apart from all of them and each other; None without room."""
    for _ in range(ATTEMPTS):
        placed: list[Pixels] = []
        for shape in shapes(boxes):
            shift = random_shift(shape, within, [*boxes, *placed], dice)
            if shift is None:
                break
            placed += [moved_region(box, *shift) for box in shape]
        if len(placed) == len(boxes):
            return placed
    return None
