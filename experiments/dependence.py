"""How many corpora without any relation have a discovery, and how many relations are found.

python experiments/dependence.py                400 pictures x 20 objects x 6 labels, 100 corpora a row
python experiments/dependence.py --large        2,000 pictures x 601 objects x 20 labels
python experiments/dependence.py --corpora 10   faster, with wider intervals
python experiments/dependence.py --row 'a pair in a hundred' --corpora 1000   one row, with narrow ones

Labels and objects are thrown; what belongs together are copies of a picture in which a tenth of all
answers is thrown again, or frames of a film whose label and objects stay for a while.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emocam.cells.dependence import Dependence, dependent_columns
from emocam.cells.occurrences import Occurrences
from emocam.cells.table import Tally, cell_columns
from emocam.functional.statistics.wilson import wilson

NOISE = 0.1
RELATED = 0.4
"""Of a label's pictures, in how many more an object is that goes with it."""


@dataclass(frozen=True)
class Size:
    """Of a corpus."""

    pictures: int = 400
    objects: int = 20
    labels: int = 6


@dataclass(frozen=True)
class Corpus:
    """label (I,), objects shown (I, O), and how the pictures hang together."""

    label: np.ndarray
    shown: np.ndarray
    dependence: Dependence

    def occurrences(self) -> Occurrences:
        image, object = np.nonzero(self.shown)
        return Occurrences(self.label, image, object, np.ones(len(image), bool), self.shown.shape[1])


def group_sizes(kind: str, pictures: int, draw: np.random.Generator) -> np.ndarray:
    """Return how many pictures each group has (G,)."""
    if kind == "alone":
        return np.ones(pictures, int)
    if kind == "a pair in a hundred":
        pairs = pictures // 200
        return np.r_[np.full(pairs, 2), np.ones(pictures - 2 * pairs, int)]
    if kind.startswith("copies"):
        copies = int(kind.split()[-1])
        return np.full(pictures // copies, copies)
    if kind == "one group is half":
        return np.r_[pictures // 2, np.ones(pictures // 2, int)]
    sizes: list[int] = []  # a few large ones, many small ones
    while sum(sizes) < pictures:
        sizes.append(int(min(pictures // 3, draw.zipf(1.6))))
    return np.array(sizes)


def grouped(kind: str, size: Size, seed: int, related: float = 0) -> Corpus:
    """Return pictures in groups; with `related` the first objects go with a label each."""
    draw = np.random.default_rng(seed)
    sizes = group_sizes(kind, size.pictures, draw)
    share = (
        draw.uniform(0.02, 0.5, size.objects)
        if size.objects < 100
        else np.minimum(0.5, 8 / np.arange(1, 602))
    )
    label = draw.integers(size.labels, size=len(sizes))
    shown = draw.uniform(size=(len(sizes), size.objects)) < share
    for k in range(size.labels if related else 0):
        shown[:, k] |= (label == k) & (draw.uniform(size=len(label)) < related)
    group = np.repeat(np.arange(len(sizes)), sizes)
    label, whole = label[group], shown[group]
    other = draw.integers(len(sizes), size=whole.shape)
    anew = np.flatnonzero(draw.uniform(size=whole.size) < (0 if kind == "alone" else NOISE))
    whole.flat[anew] = shown[other.flat[anew], anew % size.objects]
    if kind != "alone":
        thrown = draw.uniform(size=len(label)) < NOISE
        label = np.where(thrown, draw.permutation(label), label)
    return Corpus(label, whole, Dependence(group))


def film(films: int, size: Size, seed: int) -> Corpus:
    """Return frames, a second apart; what is seen stays for 5 to 120 s, what is felt for 20 to 120 s."""
    draw = np.random.default_rng(seed)
    frames = size.pictures * 5 if size.pictures < 1000 else size.pictures

    def staying(lasting: float) -> np.ndarray:
        """Return which episode each frame lies in (T,)."""
        ends = np.cumsum(1 + draw.exponential(lasting, frames))
        return np.searchsorted(ends, np.arange(frames), side="right")

    label = draw.integers(size.labels, size=frames + 1)[staying(draw.uniform(20, 120))]
    shown = np.stack(
        [
            (draw.uniform(size=frames + 1) < draw.uniform(0.02, 0.5))[staying(draw.uniform(5, 120))]
            for _ in range(size.objects)
        ],
        1,
    )
    group = np.arange(frames) * films // frames
    return Corpus(label, shown, Dependence(group, np.arange(frames, dtype=float)))


def discoveries(corpus: Corpus, size: Size, by_picture: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return p, q (O, L), by what belongs together or as if each picture stood by itself."""
    found = corpus.occurrences()
    chance = np.full((size.objects, size.labels), np.nan)
    if by_picture:
        counted = found.count(found.label, size.labels)
        columns = cell_columns(Tally(counted.images, counted.present, counted.kept, chance), 1)
    else:
        columns = dependent_columns(found, size.labels, corpus.dependence, chance, 0)
    return columns["p"], columns["q"]


KINDS = (
    "alone",
    "a pair in a hundred",
    "copies x 2",
    "copies x 5",
    "copies x 20",
    "one group is half",
    "a few large groups",
)
FILMS = {"a film": 1, "ten films": 10}


def corpora(kind: str, size: Size, count: int) -> Iterator[Corpus]:
    for seed in range(count):
        yield film(FILMS[kind], size, seed) if kind in FILMS else grouped(kind, size, seed)


def null_row(kind: str, size: Size, count: int, by_picture: bool) -> str:
    """Return a row: corpora with a discovery and their 95 % interval, cells a corpus, p < .05."""
    false, small = [], []
    for corpus in corpora(kind, size, count):
        p, q = discoveries(corpus, size, by_picture)
        false.append(int((q < 0.05).sum()))
        small.append(float((p < 0.05).sum() / max(1, (~np.isnan(p)).sum())))
    corpora_false = np.array([np.count_nonzero(false)])
    low, high = (float(end[0]) for end in wilson(corpora_false, np.array([count])))
    share = corpora_false[0] / count
    return f"{share:.2f} ({low:.2f}-{high:.2f}) | {np.mean(false):.2f} | {np.mean(small):.3f}"


def power(kind: str, size: Size, count: int, by_picture: bool) -> str:
    """Return the share of planted relations with q < .05, and its 95 % interval over corpora."""
    found = []
    for seed in range(count):
        corpus = grouped(kind, size, seed, RELATED)
        _, q = discoveries(corpus, size, by_picture)
        found.append(float((np.diag(q[: size.labels]) < 0.05).mean()))
    half = 1.96 * np.std(found, ddof=1) / np.sqrt(count)
    return f"{np.mean(found):.3f} +- {half:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=int, default=100)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--row", choices=(*KINDS, *FILMS), help="this row alone")
    given = parser.parse_args()
    size = Size(2000, 601, 20) if given.large else Size()
    print(f"{given.corpora} corpora a row, {size}, seeds 0 and up\n")
    print(
        "| without relation | by | corpora with a discovery | cells a corpus | p < .05 |\n|---|---|---|---|---|"
    )
    for kind in (given.row,) if given.row else (*KINDS, *FILMS):
        for rule, by_picture in (("pictures", True), ("data.group, data.time", False)):
            print(f"| {kind} | {rule} | {null_row(kind, size, given.corpora, by_picture)} |", flush=True)
    if given.row:
        return
    print("\n| relations found | by pictures | by group |\n|---|---|---|")
    for kind in ("alone", "a pair in a hundred", "copies x 2"):
        told = (power(kind, size, given.corpora, by_picture) for by_picture in (True, False))
        print(f"| {kind} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
