"""Measures of how strongly an object and a label go together, next to the paper's percentage.

Of N images, n have the label, the object counts in K, and in k of those with the label. From counts k (O,
L), K (O,), n (L,) each measure is (O, L), and NaN where no image can show it.
"""

from torch import Tensor


def _table(counts: Tensor, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return k, K, n and N as float64 that broadcast; K is the sum of a row, since an image has one label."""
    k, n = counts.double(), images.double()
    return k, k.sum(-1, keepdim=True), n[None], n.sum()


def dice(counts: Tensor, images: Tensor) -> Tensor:
    """Return 2k / (K + n): 1 where both always come together, 0 where they never do."""
    k, with_object, with_label, _ = _table(counts, images)
    return 2 * k / (with_object + with_label)


def jaccard(counts: Tensor, images: Tensor) -> Tensor:
    """Return k / (K + n - k), the share of the images with either that have both."""
    k, with_object, with_label, _ = _table(counts, images)
    return k / (with_object + with_label - k)


def yule(counts: Tensor, images: Tensor) -> Tensor:
    """Return Yule's Q of the two by two table, (ad - bc) / (ad + bc), in [-1, 1]: 0 for independence.

    Yule 1900, https://doi.org/10.1098/rsta.1900.0019. It is extreme wherever a cell is empty.
    """
    k, with_object, with_label, all_images = _table(counts, images)
    together = k * (all_images - with_object - with_label + k)
    apart = (with_object - k) * (with_label - k)
    return (together - apart) / (together + apart)


def lift_over_all(counts: Tensor, images: Tensor) -> Tensor:
    """Return (k / n) / (K / N), an object's share under the label over its share of all images."""
    k, with_object, with_label, all_images = _table(counts, images)
    return k * all_images / (with_object * with_label)


MEASURES = {"dice": dice, "jaccard": jaccard, "yule": yule, "lift": lift_over_all}
