"""Columns of the cells, by hand and one cell after the other."""

import numpy as np
import pytest
from scipy import stats

from emocam.cells.table import Tally, cell_columns, frame, looking_p

# 10 images are joy, 5 fear and none calm; the ball is in 8 and 1 of them and counts in 6 and 0
TALLY = Tally(
    images=np.array([10, 5, 0]),
    present=np.array([[8, 1, 0], [2, 2, 0], [0, 0, 0]]),
    kept=np.array([[6, 0, 0], [1, 2, 0], [0, 0, 0]]),
    chance=np.array([[0.25, 0.5, np.nan], [0.1, 0.1, np.nan], [np.nan] * 3]),
)


@pytest.fixture
def cells():
    return frame(cell_columns(TALLY, 200), ["Ball", "Tree", "Coin"], ["joy", "fear", "calm"]).set_index(
        ["object", "label"]
    )


def test_the_ball_by_hand(cells) -> None:
    ball = cells.loc[("Ball", "joy")]
    assert ball[["images", "present", "kept"]].tolist() == [10, 8, 6]
    assert ball[["present_percent", "percent", "use", "use_chance"]].tolist() == [80, 60, 0.75, 0.25]
    assert ball["present_percent_of_all"] == pytest.approx(60)
    assert ball["lift"] == pytest.approx((6.5 / 11) / (0.5 / 6))
    kept, present = stats.binomtest(6, 10).proportion_ci(method="wilson"), stats.binomtest(8, 10)
    assert (ball["percent_low"], ball["percent_high"]) == pytest.approx((100 * kept.low, 100 * kept.high))
    share = present.proportion_ci(method="wilson")
    assert (ball["present_low"], ball["present_high"]) == pytest.approx((100 * share.low, 100 * share.high))
    use = stats.binomtest(6, 8).proportion_ci(method="wilson")
    assert (ball["use_low"], ball["use_high"]) == pytest.approx((use.low, use.high))
    assert ball["p"] == pytest.approx(stats.hypergeom.sf(5, 15, 6, 10))
    assert ball["use_p"] == pytest.approx(stats.binom.sf(5, 8, 0.25))


def test_q_is_over_all_cells_that_could_be_anything(cells) -> None:
    tested = cells["p"].notna()
    assert cells.index[tested].tolist() == [(o, label) for o in ("Ball", "Tree") for label in ("joy", "fear")]
    assert np.allclose(cells["q"][tested], stats.false_discovery_control(cells["p"][tested]))


def test_labels_without_images_and_objects_never_seen_have_no_numbers(cells) -> None:
    assert cells.loc[("Ball", "calm"), ["percent", "use", "lift", "p", "q", "use_p"]].isna().all()
    assert cells.loc[("Coin", "joy"), "percent"] == 0
    assert cells.loc[("Coin", "joy"), ["use", "lift", "p", "q", "use_p"]].isna().all()


def test_a_row_an_object_and_label_in_the_names_order(cells) -> None:
    assert cells.index.tolist() == [
        (o, label) for o in ("Ball", "Tree", "Coin") for label in ("joy", "fear", "calm")
    ]


def test_boxes_that_fall_anywhere_are_looked_at_in_one_world_of_twenty() -> None:
    draw = np.random.default_rng(0)
    share = draw.beta(1, 2, (3000, 30))  # each image's own level of chance
    kept = (draw.uniform(size=share.shape) < share).sum(1)[:, None]
    full = np.full_like(kept, 30)
    p = looking_p(Tally(np.array([30]), full, kept, share.mean(1)[:, None]))
    assert (p <= 0.05).mean() < 0.06


def test_an_object_in_a_single_picture_is_tested_too() -> None:
    one = np.array([[1, 0], [0, 0]])
    columns = cell_columns(Tally(np.array([5, 5]), one, one, np.full((2, 2), np.nan)), resamples=10)
    assert columns["p"][0].tolist() == pytest.approx([0.5, 1]) and np.isnan(columns["p"][1]).all()
