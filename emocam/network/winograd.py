"""Convolutions of 3 x 3 pixels with a quarter of the products.

Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, https://arxiv.org/abs/1509.09308.

A convolution is a product of polynomials, and polynomials are multiplied point by point where their values
at enough points are known: here 0, 1, -1, 2, -2 and infinity, along both axes. So 4 x 4 outputs of a
channel cost 36 products in place of 144, and sums over the channels remain products of matrices, one for
each of the 36 points. The result is the same up to rounding: floats lose about one digit of seven.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from emocam.network.packed_product import pack, product

TILE, POINTS = 4, 6
KERNEL = torch.tensor(
    [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6],
     [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]],
    dtype=torch.float64,
)  # fmt: skip
"""A kernel's values at the points, up to the factors that the points of an input have less."""
MIDDLE = 1 * POINTS + 1
"""The pair of points whose value all 4 x 4 outputs contain once: a bias is added here."""


def kernel_at_points(weight: Tensor) -> list[Tensor]:
    """Evaluate a kernel (O, C, 3, 3) at the 36 points: (O, C) each, packed."""
    values = torch.einsum("ai,ocij,bj->baoc", KERNEL, weight.double(), KERNEL)
    return [pack(point) for point in values.flatten(0, 1).to(weight.dtype)]


def convolve(x: Tensor, kernel: Sequence[Tensor], bias: Tensor | None = None) -> Tensor:
    """Convolve (B, C, h, w), with zeros around, by a kernel at the points: (B, O, h, w), channels last."""
    batch, channels, height, width = x.shape
    down, across = -(-height // TILE), -(-width // TILE)
    ends = (0, 0, 1, TILE * across + 1 - width, 1, TILE * down + 1 - height)
    image = pad(x.permute(0, 2, 3, 1), ends)
    # tiles overlap by two pixels: neighbour i of every tile at once is one strided view of the image
    rows = image.new_empty(POINTS, batch, down, *image.shape[2:])
    _to_points([image[:, i : i + TILE * down - 3 : TILE] for i in range(POINTS)], rows)
    values = image.new_empty(POINTS, POINTS, batch, down, across, channels)
    _to_points([rows[:, :, :, i : i + TILE * across - 3 : TILE] for i in range(POINTS)], values)
    products = [
        product(value, point, bias if i == MIDDLE else None)
        for i, (value, point) in enumerate(zip(values.flatten(0, 1), kernel, strict=True))
    ]
    columns = image.new_empty(POINTS, TILE, batch, down, across, len(kernel[0]))
    for i, column in enumerate(columns):
        _from_points(products[i * POINTS : (i + 1) * POINTS], column)
    tiles = image.new_empty(batch, down, TILE, across, TILE, columns.shape[-1])
    _from_points(columns.unbind(), tiles.permute(4, 2, 0, 1, 3, 5))
    image = tiles.view(batch, TILE * down, TILE * across, -1)[:, :height, :width]
    return image.contiguous().permute(0, 3, 1, 2)


def _to_points(d: Sequence[Tensor], out: Tensor) -> None:
    """Evaluate six neighbours d at the points 0, 1, -1, 2, -2 and infinity."""
    even, odd = torch.sub(d[4], d[2], alpha=4), torch.sub(d[3], d[1], alpha=4)
    torch.add(even, odd, out=out[1])
    torch.sub(even, odd, out=out[2])
    torch.sub(d[4], d[2], out=even)
    torch.sub(d[3], d[1], out=odd)
    torch.add(even, odd, alpha=2, out=out[3])
    torch.sub(even, odd, alpha=2, out=out[4])
    torch.sub(even, d[2] - d[0], alpha=4, out=out[0])
    torch.sub(d[5] - d[3], odd, alpha=4, out=out[5])


def _from_points(m: Sequence[Tensor], out: Tensor) -> None:
    """Recover the four outputs whose values at the points are m."""
    ones, odd_ones = m[1] + m[2], m[1] - m[2]
    twos, odd_twos = m[3] + m[4], m[3] - m[4]
    torch.add(m[0] + ones, twos, out=out[0])
    torch.add(odd_ones, odd_twos, alpha=2, out=out[1])
    torch.add(ones, twos, alpha=4, out=out[2])
    torch.add(odd_ones + m[5], odd_twos, alpha=8, out=out[3])
