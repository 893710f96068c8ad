"""Products with a constant matrix, packed once in the order in which a core reads it.

A product of matrices begins by copying both, block by block, into that order; where few rows meet a large
matrix, this copying is most of the work. oneDNN, which torch uses on processors, accepts a matrix that is
packed already. The products and their sums are the same, up to the order in which they are added.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

CAN = torch.backends.mkldnn.is_available() and all(
    hasattr(torch.ops.mkldnn, name) for name in ("_reorder_linear_weight", "_linear_pointwise")
)
"""torch's own compiler calls these two; without them products go the usual way."""


def pack(matrix: Tensor) -> Tensor:
    """Pack a matrix (O, C) for `product`, or return it as it is where it is empty or cannot be packed.

    A packed matrix can neither be copied nor written to a file.
    """
    if not CAN or not matrix.numel() or matrix.device.type != "cpu" or matrix.dtype != torch.float32:
        return matrix
    return torch.ops.mkldnn._reorder_linear_weight(matrix)


def product(x: Tensor, matrix: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply rows x (..., C) by a packed matrix's (O, C) transpose and add a bias (O,), without a graph."""
    if matrix.is_mkldnn:
        return torch.ops.mkldnn._linear_pointwise(x, matrix, bias, "none", [], "")
    return linear(x, matrix, bias)
