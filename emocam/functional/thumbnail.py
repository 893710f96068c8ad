"""A picture of a few pixels, by which nearly the same ones know each other."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

ROWS, COLUMNS = 16, 17
"""One more along a row than neighbours that are compared."""


def thumbnail(view: Tensor) -> Tensor:
    """Return the grey (ROWS, COLUMNS) uint8 of a view (C, H, W), from its darkest to its brightest."""
    grey = adaptive_avg_pool2d(view.detach().float().mean(0, keepdim=True), (ROWS, COLUMNS))[0]
    low, high = grey.aminmax()
    spread = (high - low).clamp(min=1e-12)
    return ((grey - low) / spread * 255).round().to(torch.uint8)


def directions(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what sets each thumbnail (N, h, w) apart from their mean, of length 1: (N, h * w)."""
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    flat = flat - flat.mean(1, keepdims=True)
    flat = flat / np.maximum(flat.std(1, keepdims=True), 1)
    flat = flat - flat.mean(0)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(length, 1e-6), np.float32)
