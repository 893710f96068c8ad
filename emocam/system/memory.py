"""A setting of glibc by which memory that a batch freed is kept for the next one.

By default it returns every large block to the system, and each page that comes again must be filled with
zeros first: five hundredths of a run with YOLOv3, a quarter of a grid of thresholds.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Of mallopt(3)."""
LARGEST = 32 << 20
"""Blocks above are returned all the same: glibc accepts no more."""
KEPT = 1 << 30
"""At most, of what is free at the heap's end."""


def keep_memory(kept: int = KEPT) -> None:
    """Make glibc keep freed memory; does nothing with another C library."""
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(MMAP_THRESHOLD, LARGEST)
        library.mallopt(TRIM_THRESHOLD, kept)
