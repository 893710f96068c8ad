"""The cores that this process may use: fewer than the machine has, where a cluster or a container shares it out."""

import os

SPIN = "5000"
"""Turns of a thread that waits for another, before it makes room for whoever else needs the core.

By default libgomp's, behind torch, go on for milliseconds: with workers that open pictures on the same cores
a run of a small network took a third longer; one of EmoNet and YOLOv3 takes as long either way.
"""


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_spinning() -> None:
    """To be called before torch is imported; what the user has set stays."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN)
