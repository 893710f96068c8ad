"""Pictures that are nearly the same: bursts, frames of a film, copies of another size.

Two pictures are near when their difference hashes (256 bits) differ in at most DISTANCE of them, and
when what sets their thumbnails apart from the mean of all has a cosine above ALIKE. Of 32,640 pairs of
different photographs none is. Faces that are aligned alike are, so that a pair's likeness must also be beyond what
pictures of its corpus have in common. Pairs are found by matrix products of blocks, so that nothing of N x N is
ever held.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from emocam.functional.thumbnail import directions

Places = NDArray[np.integer]
Bits = NDArray[np.uint8]
DISTANCE = 60
ALIKE = 0.85
"""The cosine of what sets two thumbnails apart from the mean of all."""
SAME_VIEW = 0.97
"""The same of two views of one picture, such as re-encoded ones."""
COMMON, COPY = 4.0, 0.97
"""So many deviations above the usual pair a near one lies, but copies are near in any corpus."""
USUAL_PAIRS = 20_000
BLOCK = 2048
MOST = 100_000
"""Pictures of which each is compared with each: half a minute."""


def difference_hash(grey: NDArray[np.floating | np.integer]) -> Bits:
    """Return the 256 bits, packed (..., 32), of thumbnails (..., ROWS, COLUMNS)."""
    brighter = grey[..., 1:] > grey[..., :-1]
    return np.packbits(brighter.reshape(*grey.shape[:-2], -1), axis=-1)


def near_thumbnails(
    thumbnails: Bits,
    distance: int = DISTANCE,
    cosine: float = ALIKE,
    block: int = BLOCK,
    most: int = MOST,
    standing_out: bool = True,
) -> NDArray[np.int64]:
    """Return the pairs (P, 2) of thumbnails (N, ROWS, COLUMNS) that are near by both their hashes and pixels.

    Where all pictures are built alike, as products before white or faces, hashes alone are near; what
    sets a picture apart from the mean of all is not. Faces differ in few ways, and of them that is often alike
    as well: so only pairs count that are `standing_out`, more alike than pictures of the corpus are. Of more
    than `most` pictures only those are compared that are near in the listing, as many as that takes as long
    as `most`.
    """
    if len(thumbnails) < 2:
        return np.zeros((0, 2), np.int64)
    signs = _signs(difference_hash(thumbnails))
    apart = directions(thumbnails)
    reach = len(signs) if len(signs) <= most else most**2 // len(signs)
    pairs = _pairs(signs, signs.shape[1] - 2 * distance - 0.5, block, reach, (apart, cosine))
    return pairs[likeness(thumbnails, pairs) > common_likeness(thumbnails)] if standing_out else pairs


def mirrored_pairs(
    thumbnails: Bits, distance: int = DISTANCE, cosine: float = ALIKE, block: int = BLOCK
) -> NDArray[np.int64]:
    """Return the pairs (P, 2) of thumbnails (N, ROWS, COLUMNS) of which one is near the other's mirror image."""
    mirrored = thumbnails[..., ::-1]
    signs, other_signs = _signs(difference_hash(thumbnails)), _signs(difference_hash(mirrored))
    apart = directions(np.concatenate([thumbnails, mirrored]))
    one_apart, other_apart = apart[: len(thumbnails)], apart[len(thumbnails) :]
    found = [np.zeros((0, 2), np.int64)]
    for first in range(0, len(signs), block):
        for second in range(first, len(signs), block):
            one, other = slice(first, first + block), slice(second, second + block)
            near = signs[one] @ other_signs[other].T > signs.shape[1] - 2 * distance - 0.5
            near = np.triu(near, 1) if first == second else near
            if near.any():
                near &= one_apart[one] @ other_apart[other].T > cosine
            found.append(np.argwhere(near) + np.array([first, second]))
    pairs = np.concatenate(found)
    return pairs[likeness(thumbnails, pairs, mirrored=True) > common_likeness(thumbnails)]


def common_likeness(thumbnails: Bits) -> float:
    """Return the likeness above which two pictures of the corpus are alike beyond what all have in common.

    The usual pair and its spread are told by the less alike half of pairs drawn by lot, which copies do not reach.
    """
    draw = np.random.default_rng(0)
    pairs = draw.integers(0, len(thumbnails), (USUAL_PAIRS, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    if not len(pairs):
        return -1.0
    usual = np.arctanh(np.clip(likeness(thumbnails, pairs), -0.999999, 0.999999))
    low, middle = np.quantile(usual, [0.1587, 0.5])
    return float(min(np.tanh(middle + COMMON * (middle - low)), COPY))


def likeness(thumbnails: Bits, pairs: NDArray[np.int64], mirrored: bool = False) -> NDArray[np.float64]:
    """Return the correlation (P,) of the thumbnails of each pair, the second one `mirrored` or not."""
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    other = thumbnails[..., ::-1].reshape(flat.shape).astype(np.float32) if mirrored else flat
    one, other = (rows - rows.mean(1, keepdims=True) for rows in (flat[pairs[:, 0]], other[pairs[:, 1]]))
    length = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(1) / np.maximum(length, 1e-6), np.float64)


def _signs(bits: Bits) -> NDArray[np.float32]:
    return 2 * np.unpackbits(bits, axis=-1).astype(np.float32) - 1


def _pairs(
    rows: NDArray[np.float32],
    above: float,
    block: int,
    reach: int | None,
    also: tuple[NDArray[np.float32], float],
) -> NDArray[np.int64]:
    """Return pairs whose product is above a level, and of other rows above another."""
    found = [np.zeros((0, 2), np.int64)]
    for first in range(0, len(rows), block):
        last = len(rows) if reach is None else min(len(rows), first + max(reach, block))
        for second in range(first, last, block):
            one, other = slice(first, first + block), slice(second, second + block)
            near = rows[one] @ rows[other].T > above
            if first == second:
                near = np.triu(near, 1)
            if near.any():
                near &= also[0][one] @ also[0][other].T > also[1]
            found.append(np.argwhere(near) + np.array([first, second]))
    return np.concatenate(found)


def components(pairs: NDArray[np.integer], images: int) -> NDArray[np.int64]:
    """Return the group (I,) of each image: images that pairs (P, 2) join, directly or not."""
    ones = np.ones(len(pairs), bool)
    graph = sparse.coo_array((ones, (pairs[:, 0], pairs[:, 1])), (images, images))
    _, of = connected_components(graph, directed=False)
    # numbered as they come, so that the order of pairs does not matter
    _, first, group = np.unique(of, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[group]


def near_between(one: Bits, other: Bits, cosine: float = SAME_VIEW, block: int = BLOCK) -> NDArray[np.int64]:
    """Return the pairs (P, 2) of thumbnails of two sets (N and M, ROWS, COLUMNS) that show the same picture."""
    found = [np.zeros((0, 2), np.int64)]
    if len(one) and len(other):
        apart = directions(np.concatenate([one, other]))
        first, second = apart[: len(one)], apart[len(one) :]
        bits, other_bits = _signs(difference_hash(one)), _signs(difference_hash(other))
        for i in range(0, len(one), block):
            for j in range(0, len(other), block):
                near = first[i : i + block] @ second[j : j + block].T > cosine
                if near.any():
                    near &= (
                        bits[i : i + block] @ other_bits[j : j + block].T > bits.shape[1] - 2 * DISTANCE - 0.5
                    )
                found.append(np.argwhere(near) + np.array([i, j]))
    return np.concatenate(found)
