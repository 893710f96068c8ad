"""What a comparison says at its end."""

import pandas as pd

from emocam.comparing.twins import Twins

MOST = 10
"""Runs whose matrix is still readable in a terminal."""


def similarity_lines(correlation: pd.DataFrame, p: pd.DataFrame) -> list[str]:
    """R below its diagonal, as `0.93 *` where it goes beyond shared presence; of many runs the extremes."""
    names, r, chance = (
        [str(name) for name in correlation.index],
        correlation.to_numpy(float),
        p.to_numpy(float),
    )
    lines = ["how alike the runs' matrices are (Spearman; * more than by shared presence, p <= .05)"]
    if len(names) > MOST:
        pairs = [(r[i, j], i, j) for i in range(len(names)) for j in range(i) if r[i, j] == r[i, j]]
        for title, found in (("least", min(pairs, default=None)), ("most", max(pairs, default=None))):
            if found:
                lines.append(f"  {title}: {names[found[1]]} and {names[found[2]]} {found[0]:.2f}")
        return lines
    width = max(map(len, names))
    for i, name in enumerate(names):
        cells = [f"{r[i, j]:.2f}{'*' if chance[i, j] <= 0.05 else ' '}" for j in range(i)]
        lines.append(f"  {name:{width}}  {'  '.join([*cells, '1'])}")
    return lines


def comparison_lines(
    similarity: dict[str, pd.DataFrame], twins: list[Twins], refusal: str | None
) -> list[str]:
    """The matrix or why there is none, and which methods are one."""
    if refusal:
        return [refusal]
    if not similarity:
        return ["one run alone has nothing to be compared with"]
    lines = similarity_lines(similarity["similarity"], similarity["similarity_permutation_p"])
    return lines + [group.sentence for group in twins]
