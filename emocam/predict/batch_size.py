"""How many images go through the networks at once, where the settings leave that open."""

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from emocam.view.base import View, Views

MOST = 32
"""On a processor larger batches bring no more images a second."""
MOST_ELSEWHERE = 128
"""On an accelerator, which 32 views of 227 x 227 pixels do not fill."""
WORKING = 512
"""Bytes of activations for each pixel of a view: VGG-16 has 64 channels at its size, before a step and after."""
WAITING = 2
"""Batches that a worker has ready."""
SHARE = 4
"""Of the memory that is free, batches take one part in so many."""
PHOTOGRAPH = (1024, 768)
"""The picture that stands for all, for detectors that take pictures as they are."""
PLENTY = 1 << 40
GROUPS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
"""Under /sys/fs/cgroup, what a container may use and what it does: in the second version and the first."""


def fitting_batch(
    views: Sequence[View | Views], workers: int, free: int, elsewhere: int | None = None
) -> int:
    """Return a batch size from 1 on, so that batches at work and those that wait fit into their share of memory.

    `free` is the host's memory, `elsewhere` what an accelerator has: then the batch at work lies there.
    """
    picture = Image.new("RGB", PHOTOGRAPH)
    if elsewhere is not None:
        pixels = max(1, sum(_pixels_of(view, picture) for view in views))
        at_work = elsewhere // SHARE // (pixels * WORKING)
        in_wait = free // SHARE // (pixels * 3 * WAITING * max(1, workers))
        return max(1, min(MOST_ELSEWHERE, at_work, in_wait))
    each = sum(_pixels_of(view, picture) for view in views) * (WORKING + 3 * WAITING * workers)
    return max(1, min(MOST, free // SHARE // max(1, each)))


def _pixels_of(view: View | Views, picture: Image.Image) -> int:
    """Count the pixels that a view makes of a picture; of one that it refuses all, since it sees no more."""
    try:
        return _pixels(view(picture)[0])
    except Exception:  # as of any picture: a view that looks for a face finds none in a black one
        return picture.width * picture.height


def _pixels(seen: Tensor | tuple[Tensor, ...]) -> int:
    """Count the pixels of one view, or of those side by side; one that does not look has none."""
    if isinstance(seen, tuple):
        return sum(_pixels(part) for part in seen)
    return seen.shape[-2] * seen.shape[-1] if seen.ndim == 3 else 0


def free_memory(accelerator: str) -> int:
    """Return the bytes that the device has left, within what a container may have; plenty where nobody says."""
    if accelerator != "cpu" and torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    return min(_left_on_host(), *(_left_in_container(*names) for names in GROUPS))


def _left_on_host() -> int:
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        pass
    try:  # half, since this is all there is and not what is left
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return PLENTY


def _left_in_container(most: str, used: str) -> int:
    group = Path("/sys/fs/cgroup")
    try:
        return max(0, int((group / most).read_text()) - int((group / used).read_text()))
    except (OSError, ValueError):  # no such group, or no limit: "max"
        return PLENTY
