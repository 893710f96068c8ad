"""Pictures that are nearly the same: bursts, frames of a film, copies of another size.

Two pictures are near when their difference hashes (256 bits) differ in at most DISTANCE of them, or
when the mean activations of a network's layer, less the corpus' mean, have a cosine above COSINE. Of
32,640 pairs of different photographs none is. Pairs are found by matrix products of blocks, so that
nothing of N x N is ever held.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Places = NDArray[np.integer]
Bits = NDArray[np.uint8]
ROWS, COLUMNS = 16, 17
"""Of the grey picture whose neighbours along a row are compared."""
DISTANCE, COSINE = 60, 0.8
BLOCK = 2048


def difference_hash(grey: NDArray[np.floating]) -> Bits:
    """Return the 256 bits, packed (..., 32), of pictures shrunk to grey (..., ROWS, COLUMNS)."""
    brighter = grey[..., 1:] > grey[..., :-1]
    return np.packbits(brighter.reshape(*grey.shape[:-2], -1), axis=-1)


def near_hashes(bits: Bits, distance: int = DISTANCE, block: int = BLOCK) -> NDArray[np.int64]:
    """Return the pairs (P, 2), the first before the second, whose hashes (N, 32) differ in few bits."""
    signs = 2 * np.unpackbits(bits, axis=-1).astype(np.float32) - 1
    return _pairs(signs, signs.shape[1] - 2 * distance - 0.5, block)


def near_activations(
    activations: NDArray[np.floating], cosine: float = COSINE, block: int = BLOCK
) -> NDArray[np.int64]:
    """Return the pairs (P, 2) whose activations (N, C), less their mean, point the same way."""
    centred = activations.astype(np.float32) - activations.mean(0, dtype=np.float64).astype(np.float32)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return _pairs(centred / np.where(length > 0, length, 1), cosine, block)


def _pairs(rows: NDArray[np.float32], above: float, block: int) -> NDArray[np.int64]:
    found = [np.zeros((0, 2), np.int64)]
    for first in range(0, len(rows), block):
        for second in range(first, len(rows), block):
            near = rows[first : first + block] @ rows[second : second + block].T > above
            pairs = np.argwhere(np.triu(near, 1) if first == second else near)
            found.append(pairs + np.array([first, second]))
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
