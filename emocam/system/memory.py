"""Memory between batches and between the runs of a process.

By a setting of glibc, memory that a batch freed is kept for the next one. By default every large block is
returned to the system, and each page that comes again must be filled with zeros first: five hundredths of a
run with YOLOv3, a quarter of a grid of thresholds.
"""

import ctypes
import gc
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Of mallopt(3)."""
LARGEST = 32 << 20
"""Blocks above are returned all the same: glibc accepts no more."""
KEPT = 1 << 30
"""At most, of what is free at the heap's end."""
_stopped: list[bool] = []
"""Whether it was the command that switched the collector off, and not a program that calls it."""


def keep_memory(kept: int = KEPT) -> None:
    """Make glibc keep freed memory; does nothing with another C library."""
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(MMAP_THRESHOLD, LARGEST)
        library.mallopt(TRIM_THRESHOLD, kept)


def stop_collecting() -> None:
    """Switch the collector off until `collect_again`: nothing of what is imported is garbage."""
    if gc.isenabled():
        gc.disable()
        _stopped.append(True)


def collect_again() -> None:
    """Switch the collector on again, if it was off while libraries were imported; what they brought is left out."""
    if _stopped:
        _stopped.clear()
        gc.freeze()
        gc.enable()


def release_memory(error: BaseException | None = None) -> None:
    """Free what a finished run still holds: a network and what was made of it refer to each other.

    `error` is what it failed with, whose traceback holds the functions that were left and all they know.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
    gc.collect()
    if sys.platform.startswith("linux") and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
