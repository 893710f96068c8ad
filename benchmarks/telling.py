"""How a race is told: a table, a row for each of the others."""

import sys
from collections.abc import Iterable, Iterator
from statistics import median

from racing import OURS, Agreement, Contest, Times, run

AGAINST = "| work | ours | against | theirs | ratio | at least | agreement |\n|---|---|---|---|---|---|---|"
Kept = list[tuple[str, dict[str, float]]]
"""Work, and the median seconds of each contestant."""


def tell(told: str, ratio: float) -> str:
    if told == "percent":
        return f"{100 * ratio:.0f} %"
    return f"{1 / ratio:.2f}x its cost" if told == "cost" else f"{ratio:.3g}x"


def told_goal(told: str, goal: float | None) -> str:
    if goal is None:
        return ""
    return f"at most {tell(told, goal)}" if told == "cost" else tell(told, goal)


def rows(contest: Contest, agreement: Agreement, times: dict[str, Times]) -> Iterator[str]:
    """The table's rows of a contest, one for each of the others."""
    ours = times[OURS]
    for name, theirs in list(times.items())[1:]:
        of_medians = median(theirs.seconds) / median(ours.seconds)
        of_minima = min(theirs.seconds) / min(ours.seconds)
        goal = contest.goals.get(name)
        missed = goal is not None and max(of_medians, of_minima) < goal
        cells = (
            *(contest.work, ours, name, theirs),
            f"**{tell(contest.told, of_medians)}** ({tell(contest.told, of_minima)})",
            told_goal(contest.told, goal) + (" **missed**" if missed else ""),
            agreement,
        )
        yield f"| {' | '.join(map(str, cells))} |"


def table_of(contests: Iterable[Contest], kept: Kept | None = None) -> str:
    """A ratio is of the medians, and in brackets of the minima; `kept` gathers the medians."""
    lines = [AGAINST]
    for contest in contests:
        agreement, times = run(contest)
        for line in rows(contest, agreement, times):
            lines.append(line)
            sys.stderr.write(f"{line}\n")
        if kept is not None:
            kept.append((contest.work, {name: median(times[name].seconds) for name in times}))
    return "\n".join(lines)
