"""What takes the place of any part of a picture: made from what lies around it, without the part itself.

A fill that keeps something of the part's colours, or meets what is around it at an edge, leaves the
silhouette: networks read it, and an object seems to matter less than it does.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageStat

from emocam.system.opencv import load_opencv

PartFill = Callable[[Image.Image, np.ndarray, np.ndarray], Image.Image]
"""The whole picture with a part (h, w) filled; colours may come from the `sources` (h, w), none of them in the part.

What lies outside of the part may differ too: it is not taken.
"""


def blur_part(image: Image.Image, part: np.ndarray, sources: np.ndarray) -> Image.Image:
    """Continue what is around as smoothly as can be: no edge and no shape is left.

    Pull and push, Gortler et al. 1996, https://doi.org/10.1145/237170.237200: means of ever larger squares
    of the sources, from which holes are filled, the largest squares first.
    """
    colours = np.asarray(image.convert("RGB"), np.float32)
    weight = sources.astype(np.float32)[..., None]
    levels = [(colours * weight, weight)]
    while max(levels[-1][1].shape[:2]) > 1:
        levels.append(_halved(*levels[-1]))
    sums, weight = levels.pop()
    found = sums / np.maximum(weight, np.finfo(np.float32).tiny)
    for sums, weight in reversed(levels):
        found = sums + (1 - weight) * _doubled(found)[: weight.shape[0], : weight.shape[1]]
    return Image.fromarray(found.round().clip(0, 255).astype(np.uint8))


def _halved(sums: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Add each 2 x 2 cells of colours and weights (h, w, c), where no weight comes to more than 1."""
    both = np.concatenate([sums, weight], 2)
    both = np.pad(both, ((0, both.shape[0] % 2), (0, both.shape[1] % 2), (0, 0)))
    both = both[::2, ::2] + both[1::2, ::2] + both[::2, 1::2] + both[1::2, 1::2]
    both /= np.maximum(both[..., -1:], 1)
    return both[..., :-1], both[..., -1:]


def _doubled(cells: np.ndarray) -> np.ndarray:
    """Interpolate cells (h, w, c) to twice as many along each side, three quarters of the nearest one."""
    for axis in (0, 1):
        ends = [(0, 0)] * 3
        ends[axis] = (1, 1)
        padded = np.pad(cells, ends, mode="edge")
        nearest, before, after = (
            np.take(padded, range(first, first + cells.shape[axis]), axis) for first in (1, 0, 2)
        )
        pair = np.stack([0.75 * nearest + 0.25 * before, 0.75 * nearest + 0.25 * after], axis + 1)
        cells = pair.reshape(*cells.shape[:axis], -1, *cells.shape[axis + 1 :])
    return cells


def grey_part(image: Image.Image, part: np.ndarray, sources: np.ndarray) -> Image.Image:
    """Fill all of it with the picture's own mean colour."""
    mean = tuple(round(value) for value in ImageStat.Stat(image).mean)
    return Image.new("RGB", image.size, mean)


def inpaint_part(image: Image.Image, part: np.ndarray, sources: np.ndarray) -> Image.Image:
    """Continue the picture from the part's border inwards, Telea 2004, by OpenCV."""
    cv2 = load_opencv("effect.fills=[inpaint]")
    return Image.fromarray(cv2.inpaint(np.asarray(image), part.astype(np.uint8), 3, cv2.INPAINT_TELEA))


PART_FILLS: dict[str, PartFill] = {"blur": blur_part, "grey": grey_part, "inpaint": inpaint_part}
