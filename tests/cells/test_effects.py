"""What taking away changed, against scipy cell by cell, and in worlds where it changes nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emocam.cells.effects import effect_columns
from emocam.functional.statistics.false_discovery import false_discoveries

FILLS = ["blur", "grey", "inpaint"]


def table(draw: np.random.Generator, cells: int, images: int, effect: float = 0.0) -> pd.DataFrame:
    """A row a cell x image x fill: fills share half of an image's noise, which is skewed."""
    noise = draw.gamma(1, 1, (2, cells, images, 1)) + draw.gamma(1, 1, (2, cells, images, 3))
    turned = draw.uniform(size=(2, cells, images, 3)) < 0.1
    place = np.indices((cells, images, 3)).reshape(3, -1)
    return pd.DataFrame(
        {
            "object": [f"o{i}" for i in place[0]],
            "label": "joy",
            "image": [f"{i}.png" for i in place[1]],
            "fill": np.array(FILLS)[place[2]],
            "effect": (noise[0] + effect).ravel(),
            "effect_control": noise[1].ravel(),
            "flipped": turned[0].ravel(),
            "flipped_control": turned[1].ravel(),
        }
    )


def test_every_column_is_what_scipy_says_of_the_cell() -> None:
    rows = table(np.random.default_rng(0), 3, 14, effect=0.6)
    found = effect_columns(rows.sample(frac=1, random_state=0))
    for (object, label), own in rows.groupby(["object", "label"]):
        cell = found.loc[(object, label)]
        of_image = own.drop(columns=["object", "label", "fill"]).groupby("image").mean()
        difference = of_image["effect"] - of_image["effect_control"]
        assert cell["effect"] == pytest.approx(own["effect"].mean())
        assert cell["effect_control"] == pytest.approx(own["effect_control"].mean())
        assert cell["flips"] == pytest.approx(own["flipped"].mean())
        assert cell["flips_control"] == pytest.approx(own["flipped_control"].mean())
        ends = stats.ttest_1samp(difference, 0).confidence_interval()
        assert (cell["effect_low"], cell["effect_high"]) == pytest.approx((ends.low, ends.high))
        p, flips, agree = [], [], 0
        for _, one in own.groupby("fill"):
            test = stats.ttest_rel(one["effect"], one["effect_control"], alternative="greater")
            both = stats.ttest_rel(one["effect"], one["effect_control"]).confidence_interval()
            p.append(test.pvalue)
            agree += both.low > 0
            b = int((one["flipped"] & ~one["flipped_control"]).sum())
            c = int((~one["flipped"] & one["flipped_control"]).sum())
            flips.append(stats.binomtest(b, b + c, alternative="greater").pvalue if b + c else 1.0)
        assert cell["effect_p"] == pytest.approx(min(1, 2 * sorted(p)[1]))
        assert cell["flips_p"] == pytest.approx(min(1, 2 * sorted(flips)[1]))
        assert (cell["effect_fills"], cell["fills"], cell["effect_images"]) == (agree, 3, 14)
    assert np.allclose(found["effect_q"], false_discoveries(found["effect_p"].to_numpy()))


def test_a_fill_that_was_not_tried_is_not_asked() -> None:
    rows = table(np.random.default_rng(1), 2, 12, effect=2)
    rows = rows[(rows["object"] == "o0") | (rows["fill"] == "grey")]
    found = effect_columns(rows)
    assert found["fills"].tolist() == [3, 1]
    grey = rows[rows["object"] == "o1"]
    expected = stats.ttest_rel(grey["effect"], grey["effect_control"], alternative="greater").pvalue
    assert found["effect_p"].iloc[1] == pytest.approx(expected)


def test_rows_without_a_control_are_left_out() -> None:
    rows = table(np.random.default_rng(2), 1, 12)
    rows.loc[rows["image"] == "3.png", "effect_control"] = np.nan
    assert effect_columns(rows)["effect_images"].tolist() == [11]


def test_in_one_world_of_twenty_without_effect_any_is_found() -> None:
    draw, worlds = np.random.default_rng(3), 80
    found = [(effect_columns(table(draw, 20, 15))["effect_q"] < 0.05).any() for _ in range(worlds)]
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / worlds)


def test_a_true_effect_is_found() -> None:
    found = effect_columns(table(np.random.default_rng(4), 20, 15, effect=4))
    assert (found["effect_q"] < 0.05).all() and (found["effect_fills"] == 3).all()


def test_what_was_cut_and_put_in_is_told_from_what_was_taken_away() -> None:
    rows = table(np.random.default_rng(5), 1, 6)
    assert effect_columns(rows)["tried"].tolist() == ["erased"]
    cut = rows[rows["fill"] == "grey"].assign(fill="cut")
    assert effect_columns(cut)["tried"].tolist() == ["inserted"]
