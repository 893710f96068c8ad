"""Eigen-CAM, Muhammad and Yeasin 2020, https://arxiv.org/abs/2008.00299."""

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass


def first_projection(matrix: Tensor) -> Tensor:
    """Project rows (B, N, C) on the first right singular vector, uncentred: (B, N), of either sign.

    It is the first eigenvector of the smaller of the two Gram matrices.
    """
    if matrix.shape[1] <= matrix.shape[2]:
        values, vectors = torch.linalg.eigh(matrix @ matrix.mT)
        return vectors[..., -1] * values[:, -1:].clamp(min=0).sqrt()
    _, vectors = torch.linalg.eigh(matrix.mT @ matrix)
    return (matrix @ vectors[..., -1:])[..., 0]


def orient(projection: Tensor, like: Tensor) -> Tensor:
    """Turn a projection, if needed, so that its product with `like` (B, N) is not negative."""
    turned = (projection * like).sum(-1, keepdim=True) < 0
    return torch.where(turned, -projection, projection)


class EigenCAM(CAM):
    """The pattern that the channels have most in common. It does not look at the label.

    A singular vector has no sign of its own: this one points to where the activations are large.
    With activations that are nowhere negative, all its entries then are positive.
    """

    def raw(self, forward: ForwardPass) -> Tensor:
        activation = forward.activation.detach()
        cells = activation.flatten(2).mT
        return orient(first_projection(cells), cells.abs().sum(-1)).view_as(activation[:, 0])
