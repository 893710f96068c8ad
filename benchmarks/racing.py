"""Contestants take turns in one process and on one thread; that they agree is checked before any is timed.

Times are processor seconds, so that what else the machine does in a turn counts for nobody; waiting
for a disk does not count either. Each round asks every contestant once, every other round in the
reverse order. A ratio is theirs over ours: of the medians, and of the minima beside it.
"""

import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import pyarrow as pa
import torch

from emocam.system.memory import KEPT, LARGEST, keep_memory

torch.set_num_threads(1)
cv2.setNumThreads(1)
pa.set_cpu_count(1)

ROUNDS, BUDGET, SHORTEST = 7, 6.0, 0.02
"""Most rounds; processor seconds after which no further round begins; a turn is repeated up to this."""
OURS = "ours"


def nothing() -> None:
    """The preparation of who needs none."""


@dataclass(frozen=True)
class Way:
    """A way to do the work of `images` pictures (or other units); `prepare` is not timed."""

    call: Callable[[], object]
    images: float = 1
    prepare: Callable[[], object] = nothing


@dataclass(frozen=True)
class Agreement:
    """How far apart the contestants' answers are, and how far they may be."""

    difference: float
    tolerance: float
    of: str

    def check(self, work: str) -> None:
        if not self.difference <= self.tolerance:
            raise AssertionError(f"{work}: {self.of} differ by {self.difference:.2g}, not {self.tolerance:g}")

    def __str__(self) -> str:
        return f"{self.of}: {self.difference:.1g} (at most {self.tolerance:g})"


@dataclass(frozen=True)
class Contest:
    """Ours against others at the same work; `goals` are the ratios to reach, by the other's name.

    `told` says how a ratio reads: times as fast, percent of a limit, or ours as a multiple of theirs.
    """

    work: str
    ours: Way
    others: dict[str, Way]
    agree: Callable[[], Agreement]
    goals: Mapping[str, float] = field(default_factory=dict)
    told: Literal["times", "percent", "cost"] = "times"


@dataclass(frozen=True)
class Times:
    """Seconds for one picture, of each turn."""

    seconds: list[float]

    def __str__(self) -> str:
        return duration(median(self.seconds))


def duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def turn(way: Way, repeats: int, name: str) -> float:
    """Processor seconds for one picture. Ours keeps freed memory as a run does, others as glibc comes to by itself."""
    keep_memory(KEPT if name == OURS else 2 * LARGEST)
    spent = 0.0
    for _ in range(repeats):
        way.prepare()
        start = time.process_time()
        way.call()
        spent += time.process_time() - start
    return spent / repeats / way.images


def race(ways: dict[str, Way], rounds: int = ROUNDS, budget: float = BUDGET) -> dict[str, Times]:
    """Two turns each at least, so that no figure is of one alone."""
    first = {name: turn(way, 1, name) for name, way in ways.items()}  # warms up, and says how long a turn is
    repeats = {
        name: max(1, min(200, int(SHORTEST / (first[name] * way.images + 1e-9))))
        for name, way in ways.items()
    }
    # a long turn needs no warming up beyond the check of agreement, and counts
    found = {name: [seconds] if seconds * ways[name].images > 1 else [] for name, seconds in first.items()}
    start, order = time.process_time(), list(ways)
    for number in range(rounds):
        if number and min(map(len, found.values())) >= 2 and time.process_time() - start > budget:
            break
        gc.collect()
        for name in order:
            found[name].append(turn(ways[name], repeats[name], name))
        order.reverse()
    return {name: Times(seconds) for name, seconds in found.items()}


def run(contest: Contest) -> tuple[Agreement, dict[str, Times]]:
    """Agreement first, then the race."""
    agreement = contest.agree()
    agreement.check(contest.work)
    return agreement, race({OURS: contest.ours, **contest.others})


def farthest(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """The largest difference, as a share of the other's largest number."""
    return float((ours - theirs).abs().max() / theirs.abs().max())
