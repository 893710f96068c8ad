"""What one core of this machine can do at most: products in float32 and bfloat16, and reading."""

from functools import cache

import torch
from racing import Way, race

from emocam.network import packed_product as packed

SIDE = 1536
READ = 1 << 26
"""Numbers: 256 MB, more than the caches hold."""


@cache
def square(dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(SIDE, SIDE, generator=torch.Generator().manual_seed(0)).to(dtype)


def product(flop: float = 1e9, dtype: torch.dtype = torch.float32) -> Way:
    """A product of two large matrices, timed for as many floating-point operations."""
    matrix = square(dtype)
    return Way(lambda: matrix @ matrix, 2 * SIDE**3 / flop)


def packed_product() -> Way:
    """The same product, one matrix sorted beforehand."""
    matrix = square(torch.float32)
    other = packed.pack(matrix)
    return Way(lambda: packed.product(matrix, other), 2 * SIDE**3 / 1e9)


def measured() -> dict[str, float]:
    """GFLOP/s of three products, and GB/s: the best of several turns."""
    memory = torch.ones(READ)
    ways = {
        "sgemm": product(),
        "packed": packed_product(),
        "bf16": product(dtype=torch.bfloat16),
        "read": Way(memory.sum, READ * 4 / 1e9),
    }
    return {name: 1 / min(times.seconds) for name, times in race(ways, rounds=5).items()}


def line() -> str:
    found = measured()
    return (
        f"sgemm {found['sgemm']:.0f} GFLOP/s ({found['packed']:.0f} with a packed matrix), "
        f"bf16 {found['bf16']:.0f} GFLOP/s, read {found['read']:.1f} GB/s, one core"
    )


if __name__ == "__main__":
    print(line())
