"""Copies of pictures: encoded again, mirrored, or with up to 7 % of a side cut off on any side.

A copy that was cut shows each thing elsewhere, so a thumbnail of the whole misses it. Each picture is
therefore also compared as it looks when it is cut in 24 ways. Pairs are first narrowed by thumbnails of 8 x 8
and of 16 x 17 cells, which still agree roughly where a picture was cut. What is left must agree in 24 x 24
cells, which faces that are aligned alike do not.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from emocam.functional.statistics.near_duplicates import ALIKE, BLOCK, DISTANCE
from emocam.functional.thumbnail import COLUMNS, ROWS

SIDE = 64
"""Of the grey pictures that are compared."""
COARSE, MIDDLE = 8, (ROWS, COLUMNS)
ROUGHLY, FAIRLY = 0.65, 0.5
"""Cosines of what sets two whole pictures apart from the mean, at the coarse and the middle size."""
CUT = 0.07
CUTS = ((0.0, 0.0), (CUT, 0.0), (0.0, CUT), (CUT / 2, CUT / 2), (CUT, CUT))
"""Shares of a side that are cut off before and after."""
FINE, LIKE = 24, 0.91
"""The size at which a pair is looked at last, and the correlation that a copy has there: alike faces have less."""
FLAT = 2.0
"""Grey levels: a picture of a smaller spread shows nothing that could be told again."""
PIECE = 4096
"""Pairs that are looked at closely at once."""
Greys = NDArray[np.uint8]
Rows = NDArray[np.float32]


def area_weights(cells: int, before: float = 0.0, after: float = 0.0) -> Rows:
    """Return the weights (cells, SIDE) that average a row of SIDE pixels, less a share at both ends, into cells."""
    edges = np.linspace(before, 1 - after, cells + 1) * SIDE
    pixel = np.arange(SIDE)
    shared = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    weights = np.clip(shared, 0, None)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def reduced(
    greys: Greys, size: tuple[int, int], rows: tuple[float, float], columns: tuple[float, float]
) -> Rows:
    """Return pictures (N, SIDE, SIDE), cut at their rows and columns, at a smaller size (N, h * w)."""
    down, across = area_weights(size[0], *rows), area_weights(size[1], *columns)
    parts = [
        (down @ greys[first : first + BLOCK].astype(np.float32) @ across.T).reshape(-1, size[0] * size[1])
        for first in range(0, len(greys), BLOCK)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, size[0] * size[1]), np.float32)


class Apart:
    """What sets pictures apart from the mean of a corpus and of its mirror image, of length 1."""

    def __init__(self, small: Rows, mirrored: Rows) -> None:
        self.mean = (_evened(small).mean(0) + _evened(mirrored).mean(0)) / 2

    def __call__(self, small: Rows) -> Rows:
        """Return directions (N, P) of pictures (N, P)."""
        apart = _evened(small) - self.mean
        return np.asarray(apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-6), np.float32)


def _evened(small: Rows) -> Rows:
    """Return pictures of mean 0 and spread 1; one without a spread stays near 0."""
    flat = small - small.mean(1, keepdims=True)
    return flat / np.maximum(flat.std(1, keepdims=True), 1)


def copied_pairs(greys: Greys, mirrored: bool = False) -> NDArray[np.int64]:
    """Return the pairs (P, 2), the first before the second, of which one is the other's copy.

    With `mirrored`, of which one is a copy of the other's mirror image.
    """
    if len(greys) < 2:
        return np.zeros((0, 2), np.int64)
    flipped = np.ascontiguousarray(greys[..., ::-1])
    other = flipped if mirrored else greys
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *_candidates(greys, other, flipped)])
    if not len(pairs):
        return pairs
    apart = Apart(*(reduced(part, MIDDLE, CUTS[0], CUTS[0]) for part in (greys, flipped)))
    found = np.zeros(len(pairs), bool)
    for whole, cut, columns in ((greys, other, (0, 1)), (other, greys, (1, 0))):
        found |= _is_cut_from(whole, cut, pairs[:, columns], apart)
    return pairs[found]


def _candidates(greys: Greys, other: Greys, flipped: Greys) -> "list[NDArray[np.int64]]":
    """Return the pairs whose whole pictures agree roughly, block by block."""
    sizes = ((COARSE, COARSE), MIDDLE)
    levels = []
    for size in sizes:
        small, mirror = (reduced(part, size, CUTS[0], CUTS[0]) for part in (greys, flipped))
        apart = Apart(small, mirror)
        levels.append((apart(small), apart(mirror if other is flipped else small)))
    (coarse, coarse_other), (middle, middle_other) = levels
    found = []
    for first in range(0, len(greys), BLOCK):
        for second in range(first, len(greys), BLOCK):
            near = coarse[first : first + BLOCK] @ coarse_other[second : second + BLOCK].T > ROUGHLY
            if first == second:
                near = np.triu(near, 1)
            a, b = np.nonzero(near)
            a, b = a + first, b + second
            for piece in range(0, len(a), PIECE * 16):
                i, j = a[piece : piece + PIECE * 16], b[piece : piece + PIECE * 16]
                fair = np.einsum("ij,ij->i", middle[i], middle_other[j]) > FAIRLY
                found.append(np.stack([i[fair], j[fair]], 1).astype(np.int64))
    return found


def _is_cut_from(whole: Greys, cut: Greys, pairs: NDArray[np.int64], apart: Apart) -> NDArray[np.bool_]:
    """Return for pairs (P, 2) whether the second, of `cut`, looks like the first, of `whole`, cut in some way."""
    firsts, of_first = np.unique(pairs[:, 0], return_inverse=True)
    seconds, of_second = np.unique(pairs[:, 1], return_inverse=True)
    second = reduced(cut[seconds], MIDDLE, CUTS[0], CUTS[0])
    second_apart, second_bits = apart(second), _brighter(second)
    found = np.zeros(len(pairs), bool)
    for rows, columns in product(CUTS, CUTS):
        first = reduced(whole[firsts], MIDDLE, rows, columns)
        first_apart, first_bits = apart(first), _brighter(first)
        left = np.flatnonzero(~found)
        for start in range(0, len(left), PIECE):
            own = left[start : start + PIECE]
            i, j = of_first[own], of_second[own]
            near = np.flatnonzero(np.einsum("ij,ij->i", first_apart[i], second_apart[j]) > ALIKE)
            differing = (first_bits[i[near]] != second_bits[j[near]]).sum(1)
            near = near[differing <= DISTANCE]
            fine = fine_likeness(whole[firsts[i[near]]], cut[seconds[j[near]]], rows, columns)
            found[own[near[fine > LIKE]]] = True
    return found


def fine_likeness(
    whole: Greys, cut: Greys, rows: tuple[float, float], columns: tuple[float, float]
) -> NDArray[np.float64]:
    """Return the correlation (P,) of pictures, cut at their rows and columns, with others, pair by pair."""
    one, other = reduced(whole, (FINE, FINE), rows, columns), reduced(cut, (FINE, FINE), CUTS[0], CUTS[0])
    one, other = (part - part.mean(1, keepdims=True) for part in (one, other))
    lengths = [np.maximum(np.linalg.norm(part, axis=1), FLAT * FINE) for part in (one, other)]
    return np.asarray((one * other).sum(1) / (lengths[0] * lengths[1]), np.float64)


def _brighter(small: Rows) -> NDArray[np.bool_]:
    """Return whether each cell is brighter than the one before it in its row: (N, ROWS * (COLUMNS - 1))."""
    cells = small.reshape(-1, ROWS, COLUMNS)
    return (cells[..., 1:] > cells[..., :-1]).reshape(len(cells), -1)
