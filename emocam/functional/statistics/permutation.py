"""A test whether an object and a label come together more often than with shuffled labels.

Labels are shuffled over images, and each image keeps all its objects. The number of a label's images with
an object then follows the hypergeometric distribution exactly, so nothing needs to be shuffled, and p is
not bounded by a number of shuffles, which no correction for 12,000 cells would survive.
"""

import numpy as np
from numpy.typing import NDArray

from emocam.functional.statistics.tail_probability import hypergeometric_tail


def permutation_p(counts: NDArray[np.integer], images: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the one-sided p (O, L) that so many images of a label (L,) have the object by chance.

    NaN for labels of no image, and of all images.
    """
    marked = counts.sum(1, keepdims=True)
    total = images.sum()
    p = hypergeometric_tail(counts, images[None], marked, np.asarray(total))
    return np.where((images > 0) & (images < total), p, np.nan)
