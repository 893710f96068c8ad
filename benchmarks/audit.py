"""The search for copies among pictures of two folders: python benchmarks/audit.py [TRAIN TEST]."""

import sys
import time

import numpy as np

from emocam.functional.statistics.picture_copies import SIDE, copied_pairs

TRAIN, TEST = 24_000, 6_000
COPIES = 600
"""Of the second folder's pictures, how many are of the first: half of them mirrored."""
GOAL = 60.0
"""Seconds of a core, at most."""


def drawn_greys(count: int, seed: int = 0) -> np.ndarray:
    """Return pictures (N, SIDE, SIDE): what all share, as aligned faces do, and cells of noise of their own."""
    dice = np.random.default_rng(seed)
    common = np.repeat(np.repeat(dice.normal(0, 30, (8, 8)), SIDE // 8, 0), SIDE // 8, 1)
    greys = np.empty((count, SIDE, SIDE), np.uint8)
    for first in range(0, count, 2000):
        some = min(2000, count - first)
        coarse = np.kron(dice.normal(0, 30, (some, 8, 8)).astype(np.float32), np.ones((8, 8), np.float32))
        fine = np.kron(dice.normal(0, 15, (some, 32, 32)).astype(np.float32), np.ones((2, 2), np.float32))
        greys[first : first + some] = np.clip(128 + common + coarse + fine, 0, 255)
    return greys


def main(train: int, test: int) -> None:
    """Print the processor's seconds, and how many of the planted copies are found."""
    greys = drawn_greys(train + test)
    copies = min(COPIES, test, train)
    dice = np.random.default_rng(1)
    noise = dice.integers(-4, 5, (copies, SIDE, SIDE))
    greys[train : train + copies] = np.clip(greys[:copies].astype(int) + noise, 0, 255)
    greys[train : train + copies // 2] = greys[train : train + copies // 2, :, ::-1]
    start = time.process_time()
    pairs = [copied_pairs(greys), copied_pairs(greys, mirrored=True)]
    spent = time.process_time() - start
    planted = {(number, train + number) for number in range(copies)}
    found = {tuple(pair) for part in pairs for pair in part.tolist()}
    print("| pictures | seconds of a core | at most | copies found | false pairs |\n|---|---|---|---|---|")
    print(
        f"| {train:,} and {test:,} | {spent:.1f} | {GOAL:.0f} | {len(planted & found)} of {copies} "
        f"| {len(found - planted)} |"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3])) if len(sys.argv) > 2 else main(TRAIN, TEST)
