"""What two objects do together: from pictures with neither, one and both of them taken away.

The interaction is what taking both away costs beyond what each costs alone, less the same of controls: parts of
the same shapes taken away elsewhere. It is 0 where two objects add up.
"""

import numpy as np
import pandas as pd

from emocam.cells.joint_scores import Drop, JointScores, long_table, moments_over_units, unit_means
from emocam.functional.statistics.false_discovery import false_discoveries

ONLY_WITH, EITHER, UNLESS = "only with", "either", "unless"
RELATIONS = (ONLY_WITH, EITHER, UNLESS)
PAIR = ("a", "b", "label")
PAIR_COLUMNS = [
    *(*PAIR, "images", "alone_a", "alone_b", "together", "interaction", "interaction_control"),
    *("low", "high", "p", "q", "relation"),
]
LOST = ("lost_a", "lost_b", "lost_both")
MEASURED_OF_PAIRS = (
    *("alone_a", "alone_b", "together", "interaction", "interaction_control", "beyond", "own"),
    *LOST,
)
SURE_OF_PAIRS = 0.05
MOST_LEFT, LEAST_LOST = 0.5, 0.1
"""Of an object's part in the label's probability, so much may be left where another is away (or there) to say that
it needs that one's presence (or absence); and the least part that is one."""


def pair_table(scores: JointScores, least: float, values: bool = False) -> pd.DataFrame:
    """Return a row for each pair and label; `least` is the smallest effect that is called one, in log-odds.

    With `values` the scores are no log-odds, and no probabilities are made of them. Pairs of fewer than `joint`
    measured pictures have no p. In rows with a relation `a` is what the relation is said of: *a only with b*,
    *a unless b*.
    """
    rows = scores.rows
    both = rows[(rows["kind"] == "out") & (rows["b"] != "")]
    single = [scores.find("out", both["image"], both[name]) for name in ("a", "b")]
    measured = (single[0] >= 0) & (single[1] >= 0)
    both, single = both[measured], [places[measured] for places in single]
    if both.empty:
        return pd.DataFrame(columns=PAIR_COLUMNS)
    measures = _two_by_two(scores, both, single, not values)
    table = long_table(both[["a", "b"]].assign(unit=scores.unit[both.index]), scores.labels, measures)
    means = unit_means(table, PAIR, MEASURED_OF_PAIRS)
    found = means.groupby(level=list(PAIR), sort=False)[list(MEASURED_OF_PAIRS)].mean()
    found["images"] = means["images"].groupby(level=list(PAIR), sort=False).sum()
    moments = moments_over_units(means, PAIR, "beyond")
    own = moments_over_units(means, PAIR, "own")
    found = found.join(moments[["low", "high", "p"]]).assign(own_low=own["low"], own_high=own["high"])
    found["p"] = found["p"].where(found["images"] >= scores.told["joint"])
    found["q"] = false_discoveries(found["p"].where(_matters(found)).to_numpy(float))
    found = with_relations(found.reset_index(), least)
    order = found["relation"].eq("").to_numpy(), -found["interaction"].abs().to_numpy()
    return found.iloc[np.lexsort(order[::-1])][PAIR_COLUMNS].reset_index(drop=True)


def _two_by_two(
    scores: JointScores, both: pd.DataFrame, single: list[np.ndarray], shares: bool
) -> dict[str, np.ndarray]:
    """Return what each picture (n, L) lost by each of a pair, by both, and beyond the sum of two."""
    places = [*single, both.index.to_numpy()]
    controls = [
        scores.find("control", both["image"], *(both[name] for name in names))
        for names in (("a",), ("b",), ("a", "b"))
    ]
    alone_a, alone_b, together = (scores.drops(rows) for rows in places)
    interaction, by_control = _beyond_sum(scores, places), _beyond_sum(scores, controls)
    own = _beyond_sum(scores, places, "own") - _beyond_sum(scores, controls, "own")
    beyond = interaction - by_control
    lost = [scores.drops(rows, "lost" if shares else "drop") for rows in places]
    values = (alone_a, alone_b, together, interaction, by_control, beyond, own if shares else beyond, *lost)
    return dict(zip(MEASURED_OF_PAIRS, values, strict=True))


def _beyond_sum(scores: JointScores, places: list[np.ndarray], of: Drop = "drop") -> np.ndarray:
    """Return what both cost beyond what each costs (n, L), from the rows of the one, the other and both."""
    one, other, both = (scores.drops(rows, of) for rows in places)
    return both - one - other


def with_relations(found: pd.DataFrame, least: float) -> pd.DataFrame:
    """Add what is said of each pair, and turn pairs round so that it is said of `a`.

    That there is something is seen in log-odds, in which independent causes add up, and in the label's own score,
    which does not know whether another label is the highest anyway. What it is is seen in the
    label's probability: with both there, taking a away costs `lost_a`; without b, it costs `lost_both - lost_b`.
    """
    beyond = (found["low"] + found["high"]).to_numpy() / 2
    interaction = found["interaction"].to_numpy()
    large = np.minimum(np.abs(interaction), np.abs(beyond)) > least
    sure = large & (found["q"] < SURE_OF_PAIRS).to_numpy() & (np.sign(interaction) == np.sign(beyond))
    low, high = found["own_low"].to_numpy(), found["own_high"].to_numpy()
    sure &= (np.abs(low + high) / 2 > least) & (low * high > 0) & (np.sign(low) == np.sign(beyond))
    speaks = ((found["alone_a"] > least) & (found["alone_b"] > least)).to_numpy()
    of_a, of_b, of_both = (found[name].to_numpy() for name in LOST)
    a_without, b_without = of_both - of_b, of_both - of_a
    a_needs, b_needs = _fades(a_without, of_a), _fades(b_without, of_b)
    only = sure & (interaction < 0) & speaks & (a_needs | b_needs)
    either = sure & (interaction > 0) & _fades(of_a, a_without) & _fades(of_b, b_without)
    stopped_a = _fades(of_a, a_without) & _fades(-b_without, -of_b)
    stopped_b = _fades(of_b, b_without) & _fades(-a_without, -of_a)
    unless = sure & (interaction > 0) & (stopped_a | stopped_b) & ~either
    turned = (only & ~a_needs) | (unless & ~stopped_a)
    found = found.assign(relation=np.select([only, either, unless], RELATIONS, ""))
    for one, other in (("a", "b"), ("alone_a", "alone_b")):
        first, second = found[one].copy(), found[other].copy()
        found[one], found[other] = first.where(~turned, second), second.where(~turned, first)
    return found


def _matters(found: pd.DataFrame) -> pd.Series:
    """Return where both objects together, or one of them on average, hold enough of the label's probability.

    Only these can be called, so they are the family. What is asked is at right angles to the interaction, so that
    asking chooses no interaction: independent filtering, Bourgon et al. 2010, https://doi.org/10.1073/pnas.0914005107.
    """
    lost_a, lost_b, both = (found[name] for name in LOST)
    of_a, of_b = (lost_a + both - lost_b) / 2, (lost_b + both - lost_a) / 2
    return pd.concat([both, of_a, of_b], axis=1).abs().max(axis=1) >= LEAST_LOST


def _fades(left: np.ndarray, full: np.ndarray) -> np.ndarray:
    """Return where less than half is left of something that is there."""
    return np.asarray((full > LEAST_LOST) & (left < MOST_LEFT * full))
