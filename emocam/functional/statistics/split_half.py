"""The similarity of a method's matrix to itself on other images, which is the ceiling for any similarity."""

import torch
from torch import Tensor

from emocam.functional.statistics.similarity import average_ranks, pearson


def half_counts(cell: Tensor, image: Tensor, images: int, cells: int, generator: torch.Generator) -> Tensor:
    """Count cells (2, cells) in two random halves of the images; cell, image (K,) of each kept object."""
    # the parity of a random permutation: halves that differ by one image at most
    half = torch.randperm(images, generator=generator) % 2
    return torch.bincount(half[image] * cells + cell, minlength=2 * cells).reshape(2, cells)


def split_half(
    cell: Tensor, image: Tensor, images: int, cells: int, splits: int = 20, seed: int = 0
) -> float:
    """Return Spearman's R between halves, averaged and taken to all images by Spearman-Brown: 2r / (1 + r).

    NaN where a half is constant, for instance where nothing was kept.
    """
    generator = torch.Generator().manual_seed(seed)
    halves = [half_counts(cell, image, images, cells, generator) for _ in range(splits)]
    r = pearson(average_ranks(torch.stack(halves)))[:, 0, 1].mean()
    return float(2 * r / (1 + r))
