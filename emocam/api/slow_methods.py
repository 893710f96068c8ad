"""How far a method has come that asks the model thousands of questions about a picture."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from emocam.cam.input_scores import PROGRESS

PATIENCE = 3.0
"""Seconds after which a line is said, and then again and again."""


@contextmanager
def progress_told(method: str) -> Iterator[None]:
    """Write to standard error how far a slow method is, every few seconds; a fast one says nothing."""
    last = time.monotonic()

    def tell(done: int, all: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PATIENCE and done < all:
            last = time.monotonic()
            sys.stderr.write(f"{method}: {done:,} of {all:,} changed inputs of these pictures\n")
            sys.stderr.flush()

    token = PROGRESS.set(tell)
    try:
        yield
    finally:
        PROGRESS.reset(token)
