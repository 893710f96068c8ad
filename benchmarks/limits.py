"""What one core of this machine can do at most: products in float32 and bfloat16, and reading.

The limit of a network is the best product that the machine has, whoever computes it: MKL's `a @ b`, oneDNN's with a
packed matrix, or a large convolution of 3 x 3 pixels.
"""

from functools import cache

import torch
from racing import Way, race

from emocam.network import packed_product as packed

SGEMM, PACKED, CONVOLUTION = "sgemm", "packed", "3 x 3"
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


def convolution() -> Way:
    """A convolution of 3 x 3 pixels over 256 channels of 64 x 64, memory as oneDNN wants it."""
    channels, side = 256, 64
    last = torch.channels_last
    x = torch.randn(1, channels, side, side, generator=torch.Generator().manual_seed(0))
    kernel = torch.randn(channels, channels, 3, 3, generator=torch.Generator().manual_seed(1))
    x, kernel = x.contiguous(memory_format=last), kernel.contiguous(memory_format=last)
    flop = 2 * channels**2 * 9 * side**2
    return Way(torch.no_grad()(lambda: torch.conv2d(x, kernel, padding=1)), flop / 1e9)


def products() -> dict[str, Way]:
    """The products in float32, each of so many GFLOP."""
    return {SGEMM: product(), PACKED: packed_product(), CONVOLUTION: convolution()}


@cache
def quickest() -> str:
    """The product that is the limit of this machine, by a race of its own."""
    times = race(products(), rounds=3)
    return min(times, key=lambda name: min(times[name].seconds))


def best(flop: float = 1e9) -> Way:
    """The best product, timed for as many floating-point operations."""
    way = products()[quickest()]
    return Way(way.call, way.images * 1e9 / flop)


def measured() -> dict[str, float]:
    """GFLOP/s of the products, and GB/s: the best of several turns."""
    memory = torch.ones(READ)
    ways = {
        **products(),
        "bf16": product(dtype=torch.bfloat16),
        "read": Way(memory.sum, READ * 4 / 1e9),
    }
    return {name: 1 / min(times.seconds) for name, times in race(ways, rounds=5).items()}


def line() -> str:
    found = measured()
    return (
        f"sgemm {found[SGEMM]:.0f} GFLOP/s ({found[PACKED]:.0f} with a packed matrix, {found[CONVOLUTION]:.0f} as a "
        "convolution of 3 x 3), "
        f"bf16 {found['bf16']:.0f} GFLOP/s, read {found['read']:.1f} GB/s, one core"
    )


if __name__ == "__main__":
    print(line())
