"""Two groups of people with and without a difference: how often one is called, by face and by person.

python experiments/groups.py               400 draws a row
python experiments/groups.py --draws 100   faster, with wider intervals

A face's value is drawn for its person (share `icc` of the variance of faces) and for itself; `apart` is in standard
deviations of faces.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from scipy import stats

from emocam.cells.slices import compare_people
from emocam.functional.statistics.wilson import wilson

LEVEL = 0.05
FACES = 20


@dataclass(frozen=True)
class Case:
    """Persons of the two groups, how alike a person's faces are, and how far the groups are apart."""

    one: int
    other: int
    apart: float = 0.0
    icc: float = 0.3
    paired: bool = False


CASES = (
    *(Case(15, 15), Case(9, 30), Case(5, 5), Case(30, 30), Case(15, 15, icc=0.0), Case(12, 12, paired=True)),
    *(
        Case(15, 15, 0.8),
        Case(9, 30, 0.8),
        Case(15, 15, 0.5),
        Case(30, 30, 0.5),
        Case(12, 12, 0.3, paired=True),
    ),
)


def draw_faces(case: Case, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces of both groups, (persons, FACES, draws) each; the same persons in both where paired."""
    draw = np.random.default_rng(seed)
    between, within = np.sqrt(case.icc), np.sqrt(1 - case.icc)
    one, other = (draw.normal(0, between, (people, 1, draws)) for people in (case.one, case.other))
    if case.paired:
        other = one
    groups = [person + draw.normal(0, within, (len(person), FACES, draws)) for person in (one, other)]
    return groups[0], groups[1] + case.apart


def shares(case: Case, draws: int, seed: int) -> dict[str, float]:
    """Return how often p is below LEVEL by face and by person, and how often the interval holds the truth."""
    one, other = draw_faces(case, draws, seed)
    by_face = stats.ttest_ind(one.reshape(-1, draws), other.reshape(-1, draws), equal_var=False).pvalue
    found = compare_people(one.mean(1), other.mean(1), case.paired, seed)
    held = (found["low"] <= case.apart) & (found["high"] >= case.apart)
    return {
        "by face": float((by_face < LEVEL).mean()),
        "by person": float((found["p"] < LEVEL).mean()),
        "held": float(held.mean()),
    }


def main(words: list[str]) -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(words)
    sys.stdout.write(
        "| people | a person's faces alike | apart | p < .05 by face | p < .05 by person | interval holds |\n"
    )
    sys.stdout.write("|---|---|---|---|---|---|\n")
    for case in CASES:
        found = shares(case, asked.draws, asked.seed)
        count = np.array([round(found["by person"] * asked.draws)])
        low, high = wilson(count, np.array([asked.draws]))
        people = f"the same {case.one} twice" if case.paired else f"{case.one} + {case.other}"
        sys.stdout.write(
            f"| {people} | {case.icc:g} | {case.apart:g} | {100 * found['by face']:.0f} % | "
            f"{100 * found['by person']:.1f} % ({100 * low[0]:.1f} to {100 * high[0]:.1f}) | "
            f"{100 * found['held']:.0f} % |\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
