"""Three labels' worth of made-up pairs; every number can be checked in the head."""

import numpy as np
import pytest
from scipy.stats import binom, false_discovery_control

from emocam.functional.statistics.recovery import RULES, Pairs

# object, label, regions, importance, chance of each pair
ROWS = np.array(
    [
        (0, 0, 1, 0.9, 0.01),
        (0, 0, 1, 0.8, 0.02),
        (0, 0, 2, 0.2, 0.04),
        (1, 0, 1, 0.4, 0.5),
        (1, 0, 1, 0.4, 0.6),
        (1, 0, 1, 0.4, 0.9),
        (1, 0, 1, 0.4, 0.7),
        (2, 1, 1, 0.1, 0.3),
    ]
)
PAIRS = Pairs(*ROWS[:, :3].astype(int).T, *ROWS[:, 3:].T, images=np.array([4, 2]), objects=3)
CUES = np.array([1, 0])


def test_presence_and_the_paper_s_rule_prefer_what_is_everywhere() -> None:
    assert RULES["presence"](PAIRS, CUES).score.tolist() == [[75, 0], [100, 0], [0, 50]]
    said = RULES["paper"](PAIRS, CUES)
    assert said.score.tolist() == [[50, 0], [100, 0], [0, 0]]
    assert np.argwhere(said.chosen).tolist() == [[1, 0]]  # as many as there are cues


def test_chance_and_the_average_prefer_what_is_looked_at() -> None:
    assert RULES["chance"](PAIRS, CUES).score.tolist() == [[75, 0], [0, 0], [0, 0]]
    assert RULES["average"](PAIRS, CUES).score[:2, 0] == pytest.approx([1.9 / 3, 0.4])


def test_above_chance_is_a_binomial_tail_at_the_share_that_any_of_the_regions_had() -> None:
    said = RULES["above chance"](PAIRS, np.array([9, 9]))
    usual = (0.05 + 0.05 + (1 - 0.95**2)) / 3
    p = binom.sf(2, 3, usual)
    assert p * 3 < 0.05  # three cells are tested
    assert np.argwhere(said.chosen).tolist() == [[0, 0]]
    assert said.score[0, 0] == 1 and said.score[1, 0] == 0 and np.isnan(said.score[0, 1])


def test_a_number_that_equals_its_threshold_does_not_pass_it() -> None:
    """0.3 as float32 is above the double, 0.05 too: stored, neither is beyond its threshold."""
    stored = np.array([0.3, np.nextafter(np.float32(0.3), np.float32(1))], np.float32).astype(float)
    rare = np.array([0.05, np.nextafter(np.float32(0.05), np.float32(0))], np.float32).astype(float)
    one = np.ones(2, int)
    pairs = Pairs(0 * one, 0 * one, one, stored, rare, images=np.array([2]), objects=1)
    assert RULES["paper"](pairs, np.array([1])).score.tolist() == [[50]]
    assert RULES["chance"](pairs, np.array([1])).score.tolist() == [[50]]
    low = Pairs(0 * one, 0 * one, one, stored, np.float32([0.05, 1]).astype(float), np.array([2]), 1)
    assert RULES["above chance"](low, np.array([1])).score.tolist() == [[0]]


def test_a_label_of_one_picture_or_of_none_has_percentages_of_its_own() -> None:
    pairs = Pairs(*ROWS[-1:, :3].astype(int).T, *ROWS[-1:, 3:].T, images=np.array([0, 1]), objects=3)
    assert pairs.percent(np.ones(1)).tolist() == [[0, 0], [0, 0], [0, 100]]


def made_up(seed: int = 0) -> Pairs:
    """Fifty pairs of four objects and three labels, no object twice in a picture asked."""
    dice = np.random.default_rng(seed)
    return Pairs(
        dice.integers(0, 3, 50),
        dice.integers(0, 3, 50),
        dice.integers(1, 4, 50),
        dice.choice([0.1, 0.29, 0.31, 0.6, 0.9], 50),
        dice.choice([0.01, 0.04, 0.06, 0.5], 50),
        np.array([30, 25, 0]),
        4,
    )


def test_sums_percentages_and_means_are_those_of_pairs_looked_at_one_by_one() -> None:
    pairs = made_up()
    value = np.random.default_rng(1).normal(size=50)
    total, present = np.zeros((4, 3)), np.zeros((4, 3))
    for place in range(50):
        total[pairs.object[place], pairs.label[place]] += value[place]
        present[pairs.object[place], pairs.label[place]] += 1
    assert pairs.total(value) == pytest.approx(total) and pairs.present.tolist() == present.tolist()
    percent = np.array([[100 * total[o, k] / max(pairs.images[k], 1) for k in range(3)] for o in range(4)])
    assert pairs.percent(value) == pytest.approx(percent)
    share = np.array(
        [[total[o, k] / present[o, k] if present[o, k] else np.nan for k in range(3)] for o in range(4)]
    )
    assert pairs.share(value) == pytest.approx(share, nan_ok=True) and np.isnan(share[3]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(4))
def test_each_rule_scores_and_calls_as_its_sentence_says(seed: int) -> None:
    pairs, cues = made_up(seed), np.array([2, 1, 3])
    own = {
        (o, k): [i for i in range(50) if (pairs.object[i], pairs.label[i]) == (o, k)]
        for o in range(4)
        for k in range(3)
    }
    scores: dict[str, np.ndarray] = {name: np.full((4, 3), np.nan) for name in RULES}
    p = np.full((4, 3), np.nan)
    for (o, k), places in own.items():
        images = max(pairs.images[k], 1)
        hits = sum(pairs.chance[i] < 0.05 for i in places)
        scores["presence"][o, k] = 100 * len(places) / images
        scores["paper"][o, k] = 100 * sum(pairs.importance[i] > 0.3 for i in places) / images
        scores["chance"][o, k] = 100 * hits / images
        if places:
            scores["average"][o, k] = sum(pairs.importance[i] for i in places) / len(places)
            scores["above chance"][o, k] = hits / len(places)
            usual = sum(1 - 0.95 ** int(pairs.regions[i]) for i in places) / len(places)
            p[o, k] = binom.sf(hits - 1, len(places), usual)
    q = false_discovery_control(p[~np.isnan(p)])
    sure = np.zeros((4, 3), bool)
    sure[~np.isnan(p)] = q < 0.05
    for name, rule in RULES.items():
        said = rule(pairs, cues)
        assert said.score == pytest.approx(scores[name], nan_ok=True) and np.isnan(said.effect)
        if name == "above chance":
            assert said.chosen.tolist() == sure.tolist()
            continue
        for k in range(3):
            known = sorted(
                (o for o in range(4) if scores[name][o, k] > 0),
                key=lambda o, k=k, name=name: -scores[name][o, k],
            )
            assert sorted(np.flatnonzero(said.chosen[:, k])) == sorted(known[: cues[k]])
