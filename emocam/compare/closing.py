"""The lines that a comparison prints at its end."""

from math import isnan

import numpy as np
import pandas as pd

from emocam.compare.people import who_sentences
from emocam.compare.run_groups import RunGroups
from emocam.compare.twins import Twins
from emocam.functional.statistics.false_discovery import false_discoveries

MOST = 10
"""The most runs whose matrix is readable in a terminal."""
DIFFERENT = 0.05
"""The share of false discoveries among the cells that are called different."""


def similarity_lines(correlation: pd.DataFrame, p: pd.DataFrame) -> list[str]:
    """Return R below its diagonal, as `0.93*` where it goes beyond shared presence; of many runs the extremes."""
    names = [str(name) for name in correlation.index]
    r = correlation.to_numpy(float)
    chance = corrected(p).to_numpy(float)
    lines = ["how alike the runs' matrices are (Spearman; * more than by shared presence, q <= .05)"]
    if len(names) > MOST:
        for title, pair in zip(("least", "most"), extremes(correlation), strict=False):
            lines.append(f"  {title}: {names[pair[0]]} and {names[pair[1]]} {r[pair]:.2f}")
        return lines
    width = max(map(len, names))
    for i, name in enumerate(names):
        cells = [f"{r[i, j]:.2f}{'*' if chance[i, j] <= 0.05 else ' '}" for j in range(i)]
        lines.append(f"  {name:{width}}  {'  '.join([*cells, '1'])}")
    return lines


def corrected(p: pd.DataFrame) -> pd.DataFrame:
    """Return q of each pair of runs, of one-sided p runs x runs; the diagonal stays."""
    q = p.to_numpy(float).copy()
    below = np.tril_indices(len(q), -1)
    q[below] = false_discoveries(q[below])
    q.T[below] = q[below]
    return pd.DataFrame(q, p.index, p.columns)


def extremes(correlation: pd.DataFrame) -> list[tuple[int, int]]:
    """Return the least and the most similar pair of runs; a single pair once, no pair without R."""
    r = correlation.to_numpy(float)
    pairs = [(r[i, j], i, j) for i in range(len(r)) for j in range(i) if not isnan(r[i, j])]
    extremes = [min(pairs)[1:], max(pairs)[1:]] if pairs else []
    return list(dict.fromkeys(extremes))


def certainty_lines(similarity: dict[str, pd.DataFrame]) -> list[str]:
    """Return R's interval, R beyond shared presence and the highest R to expect, for the extreme pairs."""
    if "similarity_low" not in similarity:
        return []
    r, low, high, beyond, ceiling = (
        similarity[f"similarity{part}"].to_numpy(float)
        for part in ("", "_low", "_high", "_residual", "_ceiling")
    )
    names = [str(name) for name in similarity["similarity"].index]
    return [
        f"  {names[i]} and {names[j]}: {r[i, j]:.2f}, on other pictures {low[i, j]:.2f} to {high[i, j]:.2f}; beyond "
        f"shared presence {beyond[i, j]:.2f}; the same method on two halves of these pictures agrees "
        f"to {ceiling[i, j]:.2f}"
        for i, j in extremes(similarity["similarity"])
    ]


def difference_lines(cells: pd.DataFrame, moved: pd.DataFrame) -> list[str]:
    """Return how many cells differ by more than chance, which one most, and where the focus moved most."""
    lines = []
    if len(cells):
        sure = cells[cells["q"] < DIFFERENT]
        lines.append(
            f"{len(sure):,} of {len(cells):,} cells differ by more than chance (paired, q < {DIFFERENT})"
        )
    if len(cells) and len(sure):
        most = sure.iloc[int(sure["difference"].abs().argmax())]
        lines.append(
            f"  most: {most['object']} -> {most['label']}, {most['percent_a']:.0f} % in {most['run_a']} and "
            f"{most['percent_b']:.0f} % in {most['run_b']} ({most['low']:+.0f} to {most['high']:+.0f} points)"
        )
    lines += who_sentences(cells)
    if len(moved):
        first = moved.iloc[0]
        lines.append(
            f"the focus moved most in {first['image']}: {100 * first['moved']:.0f} % of it lies elsewhere in "
            f"{first['run_b']} than in {first['run_a']}"
        )
    return lines


def comparison_lines(
    similarity: dict[str, pd.DataFrame],
    twins: list[Twins],
    refusal: str | None,
    cells: pd.DataFrame | None = None,
    moved: pd.DataFrame | None = None,
    groups: RunGroups | None = None,
) -> list[str]:
    """Return the lines on R or why there is none, its certainty, methods that are one, and differences.

    `groups` are runs over different pictures, compared by their people.
    """
    if refusal:
        return [refusal] if groups is None else [f"picture by picture {refusal}", *groups.lines]
    if not similarity:
        return ["one run alone has nothing to be compared with"]
    lines = similarity_lines(similarity["similarity"], similarity["similarity_permutation_p"])
    lines += certainty_lines(similarity) + [group.sentence for group in twins]
    none = pd.DataFrame()
    return lines + difference_lines(none if cells is None else cells, none if moved is None else moved)
