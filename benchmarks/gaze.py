"""Scores of gaze for all frames at once, and what observers say of a film at 25 frames a second.

pysaliency does not build with this Python (its setup needs pkg_resources), so it cannot race. Theirs are its published
formulas in NumPy, a frame at a time, as its users call them: NSS, AUC, shuffled AUC, CC, SIM and KL, with the same
densities. Ours also fits the gain over the centre meanwhile.
"""

import time
from collections.abc import Iterator

import numpy as np
import torch
from racing import Agreement, Contest, Way
from scipy.stats import rankdata
from telling import table_of

from emocam.data.observed import said_at
from emocam.functional.gaze.density import GRID, densities
from emocam.functional.gaze.scores import EPSILON, Looked, centre_of, scores
from emocam.records.observers import ObservedEvents

LOOKS = 15
WORDS, OBSERVERS, EVENTS, SECONDS, RATE = 22, 9, 5_222, 7_085.28, 25
GOAL = 0.5
"""Seconds of a core for what is said at each frame of a film."""


def looked_at(frames: int) -> tuple[torch.Tensor, torch.Tensor, Looked]:
    """Return maps and densities (B, h, w) of drawn frames, and the looks at them."""
    draws = torch.Generator().manual_seed(0)
    place = torch.rand(frames * LOOKS, 2, generator=draws, dtype=torch.float64) * 0.998
    picture = torch.arange(frames).repeat_interleave(LOOKS)
    sigma = torch.tensor([[0.042, 0.075]]).repeat(len(place), 1)
    density = densities(place, torch.ones(len(place)), picture, frames, sigma)
    maps = density + torch.rand(density.shape, generator=draws, dtype=torch.float64) * density.max() / 4
    cell = (place[:, 1] * GRID[0]).long() * GRID[1] + (place[:, 0] * GRID[1]).long()
    return maps, density, Looked(picture, cell, torch.arange(frames) % 2, centre_of(density.sum(0)))


def area(at: np.ndarray, others: np.ndarray) -> float:
    """Return how often a value at a look is above another, ties half, by ranks."""
    ranks = rankdata(np.concatenate([at, others]))[: len(at)]
    return float((ranks.sum() - len(at) * (len(at) + 1) / 2) / (len(at) * len(others)))


def one_by_one(maps: np.ndarray, density: np.ndarray, looked: Looked) -> np.ndarray:
    """Return six scores of each frame (B, 6) by the published formulas."""
    found = np.zeros((len(maps), 6))
    picture, cell = looked.picture.numpy(), looked.cell.numpy()
    for frame, (values, truth) in enumerate(zip(maps, density, strict=True)):
        own = picture == frame
        z = (values - values.mean()) / values.std()
        p, q = values / values.sum(), truth / truth.sum()
        found[frame] = (
            z[cell[own]].mean(),
            area(values[cell[own]], values),
            area(values[cell[own]], values[cell[~own]]),
            np.corrcoef(values, truth)[0, 1],
            np.minimum(p, q).sum(),
            (q * np.log(EPSILON + q / (p + EPSILON))).sum(),
        )
    return found


def contests(small: bool = False) -> Iterator[Contest]:
    frames = 40 if small else 1_000
    maps, density, looked = looked_at(frames)
    flat = [part.flatten(1).numpy() for part in (maps, density)]

    def ours() -> dict[str, torch.Tensor]:
        return scores(zip(maps.split(512), density.split(512), strict=True), looked)

    def agree() -> Agreement:
        own, slowly = ours(), one_by_one(*flat, looked)
        names = ("nss", "auc", "sauc", "cc", "sim", "kl")
        apart = max(np.abs(own[name].numpy() - slowly[:, place]).max() for place, name in enumerate(names))
        return Agreement(float(apart), 1e-9, "six scores")

    yield Contest(
        f"scores of gaze, {frames:,} frames x {LOOKS} looks",
        Way(ours, frames),
        {"the formulas, a frame at a time": Way(lambda: one_by_one(*flat, looked), frames)},
        agree,
        {"the formulas, a frame at a time": 3},
    )


def film_seconds() -> float:
    """Return the processor seconds to ask who says which word at each frame of a film as long as Forrest Gump."""
    dice = np.random.default_rng(0)
    start = np.sort(dice.uniform(0, SECONDS - 60, EVENTS))
    words, observers = [f"word {word}" for word in range(WORDS)], [f"o{one}" for one in range(OBSERVERS)]
    of = [np.zeros(EVENTS, np.int64), dice.integers(0, OBSERVERS, EVENTS), dice.integers(0, WORDS, EVENTS)]
    events = ObservedEvents(start, start + dice.uniform(1, 60, EVENTS), *of, ["film"], observers, words)
    first = np.arange(round(SECONDS * RATE)) / RATE
    spent = []
    for _ in range(3):
        begun = time.process_time()
        said_at(events, first, first + 1 / RATE)
        spent.append(time.process_time() - begun)
    return sorted(spent)[1]


def table() -> str:
    spent = film_seconds()
    said = f"{WORDS} words x {OBSERVERS} observers at {RATE} frames a second, {SECONDS / 3600:.1f} hours"
    missed = "" if spent <= GOAL else " **missed**"
    return (
        f"{table_of(contests())}\n\n| work | seconds of a core | at most |\n|---|---|---|\n"
        f"| {said} | {spent:.2f}{missed} | {GOAL} |"
    )


if __name__ == "__main__":
    print(table())
