"""Seconds on a GPU, and what it can do at most in the same minute; on a processor the same, for a dry run."""

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor

DRY = bool(os.environ.get("GPU_DRY"))
DEVICE = torch.device("cpu" if DRY else "cuda")
LAST = time.perf_counter() + float(os.environ.get("GPU_SECONDS", "1e9")) - 3
"""When the part should be through: it is stopped three seconds later."""


def time_is_up() -> bool:
    return time.perf_counter() > LAST


def small(usual: Any, dry: Any) -> Any:
    return dry if DRY else usual


def wait() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def seconds(call: Callable[[], Any], most: float = 1.0, turns: int = 7) -> float:
    """The median of several turns after two that do not count; fewer where one is long."""
    call()
    wait()
    taken: list[float] = []
    began = time.perf_counter()
    for _ in range(small(turns, 1)):
        start = time.perf_counter()
        call()
        wait()
        taken.append(time.perf_counter() - start)
        if time.perf_counter() - began > most:
            break
    return median(taken)


def tf32(on: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = on


def product(dtype: torch.dtype, tensor_cores: bool = False) -> float:
    """TFLOP/s of a product of two large matrices."""
    side = small(8192, 256)
    one = torch.randn(side, side, device=DEVICE, dtype=dtype)
    tf32(tensor_cores)
    taken = seconds(lambda: one @ one, 0.5)
    tf32(False)
    return 2 * side**3 / taken / 1e12


def limits() -> dict[str, float]:
    """TFLOP/s in float32, TF32 and bfloat16."""
    return {
        "fp32": product(torch.float32),
        "tf32": product(torch.float32, True),
        "bf16": product(torch.bfloat16),
    }


def pictures(images: int, height: int, width: int) -> Tensor:
    dice = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (images, 3, height, width), generator=dice, dtype=torch.uint8)
