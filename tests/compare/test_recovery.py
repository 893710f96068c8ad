import numpy as np
import pandas as pd
import pytest

from emocam.cells.recovery import score
from emocam.compare.recovery import TABLE, recovered, rule_line, with_composed, with_verdicts
from emocam.functional.statistics.wilson import wilson


def cells(rule: str, cam: str, scores: list[float], chosen: list[bool], seed: int = 0) -> pd.DataFrame:
    """Four cells of one run, of which the first two are used."""
    return pd.DataFrame(
        {
            "rule": rule,
            "by": "",
            "cam": cam,
            "world": "standard",
            "network": "shipped",
            "seed": seed,
            "object": ["Cake", "Boat", "Tree", "Kite"],
            "label": ["Joy", "Calm", "Joy", "Calm"],
            "used": [True, True, False, False],
            "score": scores,
            "chosen": chosen,
        }
    )


def test_areas_and_decisions_are_apart() -> None:
    (row,) = score(cells("paper", "gradcam", [9, 3, 5, 1], [True, False, True, False]), ["cam"]).to_dict(
        "records"
    )
    assert row["auc"] == 0.75 and row["precision"] == 0.5 and row["recall"] == 0.5 and row["false"] == 1
    assert row["average_precision"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-4)


def test_a_rule_that_calls_nothing_used_has_no_precision() -> None:
    (row,) = score(cells("paper", "gradcam", [9, 3, 5, 1], [False] * 4), ["cam"]).to_dict("records")
    assert np.isnan(row["precision"]) and row["recall"] == 0 and row["false"] == 0


def test_false_ones_are_counted_a_run() -> None:
    runs = [cells("paper", "gradcam", [1, 1, 1, 1], [True] * 4, seed) for seed in (0, 1)]
    (row,) = score(pd.concat(runs), ["cam"]).to_dict("records")
    assert row["runs"] == 2 and row["cells"] == 8 and row["false"] == 2 and row["wrong"] == 2


def test_a_verdict_wants_both_and_the_effect_of_one_run_serves_all() -> None:
    table = pd.concat(
        [
            cells("use", "gradcam", [0.9, 0.1, 0.8, 0.0], [True, False, True, False]),
            cells("use", "centre", [0.1, 0.1, 0.8, 0.8], [False, False, True, True]),
            cells("effect", "", [7, 6, 0, 0], [True, True, False, False]),
            cells("use", "gradcam", [0.9, 0.1, 0.8, 0.0], [True] * 4, seed=1),  # its effect is not known
        ]
    )
    both = with_verdicts(table)
    verdict = both[both["rule"] == "verdict"]
    assert verdict[verdict["chosen"].astype(bool)][["cam", "object"]].to_numpy().tolist() == [
        ["gradcam", "Cake"]
    ]
    assert set(verdict["seed"]) == {0}
    assert verdict["score"].notna().sum() == 4  # those looked at: two each


def test_what_asks_no_cam_is_told_once() -> None:
    told = cells("presence", "", [1, 2, 3, 4], [True] * 4)
    assert len(with_verdicts(pd.concat([told, told]))) == 4


def test_worlds_without_anything_used_are_told(tmp_path) -> None:
    assert recovered(tmp_path) == []
    null = [cells("verdict", "gradcam", [1] * 4, [seed == 1, False, False, False], seed) for seed in range(5)]
    table = pd.concat(null).assign(used=False)
    score(table, ["cam", "rule", "by", "world"]).to_csv(tmp_path / TABLE, index=False)
    told = "gradcam: 1 of 5 worlds in which nothing is used have a cell called used"
    assert recovered(tmp_path) == [told]


def test_the_same_cell_of_several_corpora_of_one_network_counts_once_in_an_interval() -> None:
    corpora = [cells("effect", "", [1, 1, 0, 0], [True, False, False, False], seed) for seed in range(10)]
    one_network = pd.concat(corpora).assign(network="shipped")
    networks = pd.concat([run.assign(network=str(seed)) for seed, run in enumerate(corpora)])
    (one,), (several,) = (score(table, ["rule"]).to_dict("records") for table in (one_network, networks))
    assert one["recall"] == several["recall"] == 0.5
    assert one["recall_low"] < 0.1 and one["recall_high"] > 0.9  # one of two cells, ten times over
    low, high = wilson(np.array([10]), np.array([20]), 2.093)  # Student's t of 19 degrees of freedom
    assert several["recall_low"] == pytest.approx(low[0], abs=0.02)
    assert several["recall_high"] == pytest.approx(high[0], abs=0.02)


def test_the_truth_of_one_run_is_that_of_all_methods_of_its_network() -> None:
    unknown = {"drop": np.nan, "companion": False}
    effect = cells("effect", "", [7, 6, 0, 0], [True, True, False, False])
    measured = effect.assign(used=[True, False, False, True], drop=[2.0, 0.1, 0.2, 3.0], companion=False)[1:]
    methods = cells("paper", "gradcam", [9, 8, 7, 1], [True] * 4).assign(**unknown)
    other = methods.assign(network="another")
    table = with_composed(pd.concat([methods, other, measured]))
    paper = table[table["rule"] == "paper"]
    own = paper[paper["network"] == "shipped"].set_index("object")
    assert own["used"].astype(bool).to_dict() == {"Boat": False, "Tree": False, "Kite": True}
    assert own["drop"].to_dict() == {"Boat": 0.1, "Tree": 0.2, "Kite": 3.0}
    assert paper[paper["network"] == "another"]["used"].tolist() == [True, True, False, False]


def test_networks_that_differ_widen_the_interval_and_the_worst_is_told() -> None:
    """Of twenty cells half are found: ten of each network's, or all of five networks' and none of the others'."""

    def of(found: list[list[bool]]) -> dict[str, float]:
        runs = [
            cells("effect", "", [1, 1, 0, 0], [*hits, False, False]).assign(network=str(i))
            for i, hits in enumerate(found)
        ]
        (row,) = score(pd.concat(runs), ["rule"]).to_dict("records")
        return row

    alike, apart = of([[True, False]] * 10), of([[True, True], [False, False]] * 5)
    assert alike["networks"] == apart["networks"] == alike["runs"] == 10
    assert (alike["recall"], apart["recall"]) == (0.5, 0.5)
    assert (alike["recall_least"], apart["recall_least"]) == (0.5, 0.0)
    assert (
        apart["recall_low"] < alike["recall_low"] - 0.03
        and apart["recall_high"] > alike["recall_high"] + 0.03
    )
    assert "over 10 networks (least 0.50" in rule_line({**alike, "by": "", "cam": "", "error_largest": 0.0})


def test_companions_that_are_idle_are_told_and_errors_of_the_effect() -> None:
    table = cells("effect", "", [2, 2, 2, 0], [True, True, True, False]).assign(
        companion=[False, False, True, True],
        effect=[3.0, 2.0, 2.0, 0.0],
        drop=[2.0, 2.5, 0.0, 0.0],
        by="part, bare",
    )
    (row,) = score(table, ["rule", "by"]).to_dict("records")
    assert (row["companions"], row["companions_called"]) == (2, 1)
    assert row["error_largest"] == 2 and row["error_90"] == pytest.approx(np.quantile([1, 0.5, 2, 0], 0.9))
    line = rule_line({**row, "cam": ""})
    assert line.startswith("  effect, part, bare: recall 1.00 (")
    assert "precision 0.67 (" in line and "1 of 2 companions called" in line and "2.00 the largest" in line


def test_photographs_that_were_not_composed_again_are_told(tmp_path) -> None:
    planted = cells("paper", "gradcam", [2, 2, 0, 0], [True, True, False, False]).assign(world="photographs")
    score(planted, ["cam", "rule", "by", "world"]).to_csv(tmp_path / TABLE, index=False)
    (line,) = recovered(tmp_path)
    assert "what the rules plant" in line and "+experiment=recovery_composed" in line
    measured = planted.assign(rule="effect", effect=1.0, drop=1.0)
    both = pd.concat([planted, measured])
    score(both, ["cam", "rule", "by", "world"]).to_csv(tmp_path / TABLE, index=False)
    assert not any("what the rules plant" in line for line in recovered(tmp_path))


def test_rules_that_measured_effects_are_told_at_the_end(tmp_path) -> None:
    table = cells("effect", "", [2, 2, 0, 0], [True, True, False, False]).assign(effect=1.0, drop=1.0)
    score(table, ["cam", "rule", "by", "world"]).to_csv(tmp_path / TABLE, index=False)
    title, line = recovered(tmp_path)
    assert "composed again" in title and "effect: recall 1.00" in line


def test_where_all_cells_are_hits_no_network_differs_and_none_widens_the_interval() -> None:
    runs = [cells("effect", "", [1, 1, 0, 0], [True, True, False, False], seed) for seed in range(5)]
    networks = pd.concat([run.assign(network=str(seed)) for seed, run in enumerate(runs)])
    cells_as_networks = networks.assign(network=networks["network"] + networks["object"])
    (one,), (other,) = (score(t, ["rule"]).to_dict("records") for t in (networks, cells_as_networks))
    assert one["recall"] == 1 and one["recall_low"] > 0.5
    for name in ("recall_low", "recall_high", "precision_low", "precision_high"):
        assert one[name] == other[name], name
