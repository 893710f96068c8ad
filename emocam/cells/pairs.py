"""What two objects do together: from pictures with neither, one and both of them taken away.

The interaction is what taking both away costs beyond what each costs alone, less the same of controls: parts of
the same shapes taken away elsewhere. It is 0 where two objects add up.
"""

import numpy as np
import pandas as pd

from emocam.cells.joint_scores import JointScores, long_table, moments_over_units, unit_means
from emocam.functional.statistics.false_discovery import false_discoveries

ONLY_WITH, EITHER, UNLESS = "only with", "either", "unless"
RELATIONS = (ONLY_WITH, EITHER, UNLESS)
PAIR = ("a", "b", "label")
PAIR_COLUMNS = [
    *(*PAIR, "images", "alone_a", "alone_b", "together", "interaction", "interaction_control"),
    *("low", "high", "p", "q", "relation"),
]
MEASURED_OF_PAIRS = ("alone_a", "alone_b", "together", "interaction", "interaction_control", "beyond")
SURE_OF_PAIRS = 0.05
MOST_LEFT = 0.5
"""Of an object's effect, so much may be left where another is away (or there) to say that it needs that one's
presence (or absence)."""


def pair_table(scores: JointScores, least: float) -> pd.DataFrame:
    """Return a row for each pair and label; `least` is the smallest effect that is called one, in log-odds.

    Pairs of fewer than `joint` measured pictures have no p. In rows with a relation `a` is what the relation is
    said of: *a only with b*, *a unless b*.
    """
    rows = scores.rows
    both = rows[(rows["kind"] == "out") & (rows["b"] != "")]
    single = [scores.find("out", both["image"], both[name]) for name in ("a", "b")]
    measured = (single[0] >= 0) & (single[1] >= 0)
    both, single = both[measured], [places[measured] for places in single]
    if both.empty:
        return pd.DataFrame(columns=PAIR_COLUMNS)
    values = _two_by_two(scores, both, single)
    table = long_table(both[["a", "b"]].assign(unit=scores.unit[both.index]), scores.labels, values)
    means = unit_means(table, PAIR, MEASURED_OF_PAIRS)
    found = means.groupby(level=list(PAIR), sort=False)[list(MEASURED_OF_PAIRS)].mean()
    found["images"] = means["images"].groupby(level=list(PAIR), sort=False).sum()
    moments = moments_over_units(means, PAIR, "beyond")
    found = found.join(moments[["low", "high", "p"]])
    found["p"] = found["p"].where(found["images"] >= scores.told["joint"])
    found["q"] = false_discoveries(found["p"].to_numpy(float))
    found = with_relations(found.reset_index(), least)
    order = found["relation"].eq("").to_numpy(), -found["interaction"].abs().to_numpy()
    return found.iloc[np.lexsort(order[::-1])][PAIR_COLUMNS].reset_index(drop=True)


def _two_by_two(scores: JointScores, both: pd.DataFrame, single: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return what each picture (n, L) lost by each of a pair, by both, and beyond the sum of two."""
    alone_a, alone_b = (scores.drops(places) for places in single)
    together = scores.drops(both.index.to_numpy())
    control_a, control_b, control = (
        scores.drops(scores.find("control", both["image"], *(both[name] for name in names)))
        for names in (("a",), ("b",), ("a", "b"))
    )
    interaction = together - alone_a - alone_b
    by_control = control - control_a - control_b
    values = (alone_a, alone_b, together, interaction, by_control, interaction - by_control)
    return dict(zip(MEASURED_OF_PAIRS, values, strict=True))


def with_relations(found: pd.DataFrame, least: float) -> pd.DataFrame:
    """Add what is said of each pair, and turn pairs round so that it is said of `a`.

    With both there, taking a away costs `alone_a`; without b, it costs `together - alone_b`.
    """
    beyond = (found["low"] + found["high"]).to_numpy() / 2
    interaction = found["interaction"].to_numpy()
    large = np.minimum(np.abs(interaction), np.abs(beyond)) > least
    sure = large & (found["q"] < SURE_OF_PAIRS).to_numpy() & (np.sign(interaction) == np.sign(beyond))
    of_a, of_b = found["alone_a"].to_numpy(), found["alone_b"].to_numpy()
    together = found["together"].to_numpy()
    a_without, b_without = together - of_b, together - of_a

    def fades(left: np.ndarray, full: np.ndarray) -> np.ndarray:
        return (full > least) & (left < MOST_LEFT * full)

    a_needs, b_needs = fades(a_without, of_a), fades(b_without, of_b)
    only = sure & (interaction < 0) & (of_a > least) & (of_b > least) & (a_needs | b_needs)
    either = sure & (interaction > 0) & fades(of_a, a_without) & fades(of_b, b_without)
    stopped_a = fades(of_a, a_without) & fades(-b_without, -of_b)
    stopped_b = fades(of_b, b_without) & fades(-a_without, -of_a)
    unless = sure & (interaction > 0) & (stopped_a | stopped_b) & ~either
    relation = np.select([only, either, unless], RELATIONS, "")
    turned = (only & ~a_needs) | (unless & ~stopped_a)
    found = found.assign(relation=relation)
    for one, other in (("a", "b"), ("alone_a", "alone_b")):
        first, second = found[one].copy(), found[other].copy()
        found[one], found[other] = first.where(~turned, second), second.where(~turned, first)
    return found
