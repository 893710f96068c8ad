"""The matrix of objects x labels from the regions that count."""

import torch
from torch import Tensor


def count_images(label: Tensor, object: Tensor, image: Tensor, objects: int, labels: int) -> Tensor:
    """Count the images of each label in which an object occurs at least once: (O, L).

    `label` (B,) belongs to each image; `object` and `image` (N,) to each region that counts.
    """
    # a pair of image and object as one number
    pairs = torch.unique(image * objects + object)
    cells = (pairs % objects) * labels + label[pairs // objects]
    return torch.bincount(cells, minlength=objects * labels).reshape(objects, labels)


def percent_of_label(counts: Tensor, images: Tensor) -> Tensor:
    """Return counts (O, L) as percentages of the images (L,) with each label; NaN where there are none."""
    return 100 * counts.double() / images.double()
