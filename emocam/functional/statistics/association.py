"""From regions that count to a matrix of objects x labels."""

import torch
from torch import Tensor


def count_images(label: Tensor, object: Tensor, image: Tensor, objects: int, labels: int) -> Tensor:
    """In how many images of each label an object occurs at least once: counts (O, L).

    label (B,) of each image; object, image (N,) of each region that counts.
    """
    pairs = torch.unique(image * objects + object)
    cells = (pairs % objects) * labels + label[pairs // objects]
    return torch.bincount(cells, minlength=objects * labels).reshape(objects, labels)


def percent_of_label(counts: Tensor, images: Tensor) -> Tensor:
    """Counts (O, L) as a percentage of the images (L,) given each label; NaN where there are none."""
    return 100 * counts.double() / images.double()
