"""The part of a region that the classifier sees."""

from collections.abc import Sequence

from emocam.paste.base import Box


def visible(boxes: Sequence[Box], seen: Box) -> list[Box]:
    """Cut boxes to the part of the image that is seen, and drop those outside."""
    cut = [
        (max(box[0], seen[0]), max(box[1], seen[1]), min(box[2], seen[2]), min(box[3], seen[3]))
        for box in boxes
    ]
    return [box for box in cut if box[0] < box[2] and box[1] < box[3]]


def seen_part(window: Sequence[float]) -> Box:
    """Return the part of the image in a view's window: a letterbox's window is larger than the image."""
    x0, y0, x1, y1 = window
    return max(x0, 0.0), max(y0, 0.0), min(x1, 1.0), min(y1, 1.0)
