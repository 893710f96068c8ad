"""The cores that this process may use: fewer than the machine's, where a cluster or container limits them."""

import os

SPIN = "5000"
"""Turns of a thread that waits for another, before it frees the core for others.

By default libgomp's, behind torch, go on for milliseconds: with workers that open pictures on the same cores
a run of a small network took a third longer; one of EmoNet and YOLOv3 takes as long either way.
"""


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_spinning() -> None:
    """Shorten how long waiting threads spin; call it before torch is imported. A user's value stays."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN)
