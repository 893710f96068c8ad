import numpy as np
import pandas as pd
import pytest

from emocam.cells.recovery import score
from emocam.compare.recovery import TABLE, recovered, with_verdicts


def cells(rule: str, cam: str, scores: list[float], chosen: list[bool], seed: int = 0) -> pd.DataFrame:
    """Four cells of one run, of which the first two are used."""
    return pd.DataFrame(
        {
            "rule": rule,
            "by": "",
            "cam": cam,
            "world": "standard",
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
