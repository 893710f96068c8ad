"""How right rules are about causes, from counts made cell by cell and scikit-learn's areas."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from emocam.cells.recovery import errors, interval, interval_over, least_of_networks, score, scores_of
from emocam.functional.statistics.group_intervals import GroupSums, group_wilson

NAN = np.nan


def cells(seed: int, networks: int = 3, seeds: int = 2) -> pd.DataFrame:
    """The same cells of some networks in some corpora; effects are known of some."""
    draw = np.random.default_rng(seed)
    rows = [
        (f"net{network}", corpus, f"o{object}", f"l{label}")
        for network in range(networks)
        for corpus in range(seeds)
        for object in range(5)
        for label in range(3)
    ]
    table = pd.DataFrame(rows, columns=["network", "seed", "object", "label"])
    used = draw.random(len(table)) < 0.4
    score = (used + draw.normal(0, 0.8, len(table))).round(1)
    effect = np.where(draw.random(len(table)) < 0.7, draw.normal(1, 1, len(table)), NAN)
    return table.assign(
        used=used,
        score=score,
        chosen=score > 0.6 + 0.5 * (table["network"] == "net1"),
        companion=draw.random(len(table)) < 0.4,
        effect=effect,
        drop=effect + draw.normal(0, 0.3, len(table)),
    )


def sums_by_hand(
    table: pd.DataFrame, names: list[str], hits: np.ndarray, of: np.ndarray
) -> tuple[float, float]:
    """The interval over units, whose hits and cases are counted one by one."""
    counted: dict[tuple[object, ...], list[int]] = {}
    for row, hit, case in zip(table.to_dict("records"), hits, of, strict=True):
        both = counted.setdefault(tuple(row[name] for name in names), [0, 0])
        both[0] += bool(hit)
        both[1] += bool(case)
    pairs = [(a, b) for a, b in counted.values() if b]
    if not pairs:
        return NAN, NAN
    low, high = group_wilson(
        GroupSums(
            np.array([float(len(pairs))]),
            np.array([float(sum(a for a, _ in pairs))]),
            np.array([float(sum(b for _, b in pairs))]),
            np.array([float(sum(a * a for a, _ in pairs))]),
            np.array([float(sum(a * b for a, b in pairs))]),
            np.array([float(sum(b * b for _, b in pairs))]),
        )
    )
    return float(low[0]), float(high[0])


def checked(found: dict[str, float], table: pd.DataFrame) -> None:
    used, chosen = table["used"].to_numpy(), table["chosen"].to_numpy()
    right = used & chosen
    assert (found["cells"], found["used"]) == (len(table), used.sum())
    assert found["auc"] == pytest.approx(roc_auc_score(used, table["score"]))
    assert found["average_precision"] == pytest.approx(average_precision_score(used, table["score"]))
    assert found["precision"] == pytest.approx(right.sum() / chosen.sum())
    assert found["recall"] == pytest.approx(right.sum() / used.sum())
    runs = table.assign(wrong=chosen & ~used).groupby(["network", "seed"])["wrong"].sum()
    assert found["runs"] == len(runs) and found["false"] == pytest.approx(runs.mean())
    assert found["wrong"] == (runs > 0).sum() and found["networks"] == table["network"].nunique()
    for name, of in (("recall", used), ("precision", chosen)):
        low, high = sums_by_hand(table, ["network", "object", "label"], right, of)
        if table["network"].nunique() > 1 and 0 < right.sum() < of.sum():
            wide = sums_by_hand(table, ["network"], right, of)
            low, high = min(low, wide[0]), max(high, wide[1])
        assert (found[f"{name}_low"], found[f"{name}_high"]) == pytest.approx((low, high))
        shares = [
            right[own].sum() / of[own].sum()
            for own in (table["network"].eq(one).to_numpy() for one in table["network"].unique())
            if of[own].any()
        ]
        assert found[f"{name}_least"] == pytest.approx(min(shares))
    alone = table["companion"].to_numpy() & ~used
    assert found["companions"] == alone.sum() and found["companions_called"] == (alone & chosen).sum()
    apart = sorted(
        abs(e - d) for e, d in zip(table["effect"], table["drop"], strict=True) if not np.isnan(e - d)
    )
    assert found["error_90"] == pytest.approx(np.percentile(apart, 90))
    assert found["error_largest"] == pytest.approx(apart[-1])


@pytest.mark.parametrize("networks", [1, 3])
def test_every_score_is_counted_cell_by_cell(networks: int) -> None:
    for seed in range(4):
        table = cells(seed, networks)
        checked(scores_of(table), table)


def test_each_group_of_cells_has_a_row_of_four_digits() -> None:
    table = pd.concat([cells(0).assign(rule="b", by="x"), cells(1).assign(rule="a", by="y")])
    found = score(table, ["rule", "by"])
    assert found[["rule", "by"]].to_numpy().tolist() == [["b", "x"], ["a", "y"]]
    for row in found.to_dict("records"):
        for name, value in scores_of(table[table["rule"] == row["rule"]]).items():
            assert row[name] == pytest.approx(round(value, 4), abs=1e-9)


def test_what_no_column_tells_counts_as_one_network_without_companions_or_effects() -> None:
    table = cells(2, 1, 1).drop(columns=["network", "seed", "companion", "effect"])
    found = scores_of(table)
    assert (found["networks"], found["runs"], found["companions"], found["companions_called"]) == (1, 1, 0, 0)
    two = pd.DataFrame({"effect": [1.0, 2.0], "drop": [0.5, NAN]})
    assert errors(two) == {"error_90": 0.5, "error_largest": 0.5}
    assert np.isnan(found["error_90"]) and np.isnan(found["error_largest"])
    wrong = int((table["chosen"] & ~table["used"]).sum())
    assert found["false"] == wrong and found["wrong"] == int(wrong > 0)
    assert found["recall_least"] == pytest.approx(found["recall"])
    bare = table[["used", "chosen"]]
    right = (table["used"] & table["chosen"]).to_numpy()
    low, high = interval(bare, right, table["used"].to_numpy())
    assert np.isfinite([low, high]).all()  # all cells are one unit


def test_where_nothing_is_used_or_called_the_shares_are_unknown() -> None:
    table = cells(3, 1).assign(chosen=False)
    found = scores_of(table)
    assert np.isnan([found["precision"], found["precision_low"], found["precision_least"]]).all()
    assert found["recall"] == 0 and found["false"] == 0 and found["wrong"] == 0
    none = scores_of(cells(3, 1).assign(used=False, effect=NAN))
    assert np.isnan([none["recall"], none["recall_low"], none["recall_high"], none["error_90"]]).all()


def test_all_right_and_all_wrong_have_the_interval_of_their_cells() -> None:
    """Where no network differs from another, its cells say how sure it is."""
    table = cells(4, 3, 1)
    for hits in (np.ones(len(table), bool), np.zeros(len(table), bool)):
        every = np.ones(len(table), bool)
        found = interval(table, hits, every)
        assert found == pytest.approx(sums_by_hand(table, ["network", "object", "label"], hits, every))
        assert interval_over(table, ["network"], hits, every) != pytest.approx(found)
    half = np.arange(len(table)) % 2 == 0
    network = table["network"].eq("net2").to_numpy()
    assert least_of_networks(table, half & ~network, network | half) == 0
    assert least_of_networks(table, half & ~network, half & ~network) == 1
