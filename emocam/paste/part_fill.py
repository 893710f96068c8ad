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
    weight = sources.astype(np.float32)
    colours = np.asarray(image.convert("RGB")).transpose(2, 0, 1).astype(np.float32)
    levels = [np.concatenate([colours * weight, weight[None]])]
    while max(levels[-1].shape[1:]) > 1:
        levels.append(_halved(levels[-1]))
    top = levels.pop()
    found = top[:-1] / np.maximum(top[-1], np.finfo(np.float32).tiny)
    for both in reversed(levels):
        found = _doubled(found)[:, : both.shape[1], : both.shape[2]]
        found *= 1 - both[-1]
        found += both[:-1]
    return Image.fromarray(found.round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def _halved(both: np.ndarray) -> np.ndarray:
    """Add each 2 x 2 cells of colours and of their weights (c + 1, h, w), where no weight comes to more than 1."""
    numbers, height, width = both.shape
    if height % 2 or width % 2:
        even = np.zeros((numbers, height + height % 2, width + width % 2), both.dtype)
        even[:, :height, :width] = both
        both = even
    sums = both[:, ::2, ::2] + both[:, 1::2, ::2]
    sums += both[:, ::2, 1::2]
    sums += both[:, 1::2, 1::2]
    sums /= np.maximum(sums[-1], 1)
    return sums


def _doubled(cells: np.ndarray) -> np.ndarray:
    """Interpolate cells (c, h, w) to twice as many along each side, three quarters of the nearest one."""
    for axis in (1, 2):
        nearest, next_to = (np.moveaxis(share * cells, axis, 0) for share in (0.75, 0.25))
        shape = [side * 2 if place == axis else side for place, side in enumerate(cells.shape)]
        cells = np.empty(shape, cells.dtype)
        rows = np.moveaxis(cells, axis, 0)
        rows[0], rows[-1] = nearest[0] + next_to[0], nearest[-1] + next_to[-1]
        np.add(nearest[1:], next_to[:-1], out=rows[2::2])
        np.add(nearest[:-1], next_to[1:], out=rows[1:-1:2])
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
