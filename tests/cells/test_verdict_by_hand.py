"""Verdicts, disagreements and columns of cells, one cell after the other, at the borders of each rule."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binom, binomtest, false_discovery_control, hypergeom, norm

from emocam.cells.disagreement import disagreements
from emocam.cells.fixed_regions import importance_contrast, nearly_every_picture_has_all, regions_are_fixed
from emocam.cells.occurrences import Counted
from emocam.cells.table import Tally, cell_columns, frame
from emocam.cells.verdict import (
    DEVIATIONS,
    LOG_ODDS,
    Rules,
    can_be_called,
    few,
    few_groups,
    has_effect,
    verdicts,
)
from emocam.cells.verdict_words import how_often, verdict_sentence
from emocam.errors import SettingError
from emocam.functional.statistics.lift import lifts
from emocam.functional.statistics.permutation import permutation_p
from emocam.functional.statistics.wilson import wilson
from emocam.records.thresholds import Thresholds

NAN = np.nan


def random_cells(draw: np.random.Generator, many: int) -> dict[str, np.ndarray]:
    """Values at and around the borders of every rule."""
    return {
        "present": draw.choice([0, 19, 20, 40], many, p=[0.05, 0.1, 0.35, 0.5]),
        "images": draw.choice([40, 41], many),
        "groups": draw.choice([7, 8, 20], many, p=[0.1, 0.4, 0.5]),
        "p_rule": draw.choice(["pictures", "groups", "time"], many).astype(object),
        "present_q": draw.choice([0.01, 0.049, 0.05, 0.9, NAN], many),
        "use_q": draw.choice([0.01, 0.049, 0.05, 0.9, NAN], many),
        "effect_images": draw.choice([0, 9, 10, 30], many, p=[0.1, 0.1, 0.3, 0.5]),
        "effect_q": draw.choice([0.01, 0.05, 0.9], many, p=[0.8, 0.1, 0.1]),
        "effect": draw.choice([0.5, 0.51, 2.0], many, p=[0.1, 0.2, 0.7]),
        "effect_control": draw.choice([0.0, 1.5, -1.0, 0.01], many, p=[0.5, 0.2, 0.2, 0.1]),
        "effect_low": draw.choice([0.0, 0.001, 1.0], many, p=[0.1, 0.2, 0.7]),
        "effect_fills": draw.choice([0, 1, 2, 3], many, p=[0.1, 0.2, 0.4, 0.3]),
        "fills": draw.choice([1, 2, 3], many),
        "exchanged": draw.choice([0.5, 0.51, NAN, 2.0], many, p=[0.1, 0.2, 0.4, 0.3]),
    }


def effective(cell: dict[str, Any], rules: Rules) -> bool:
    if cell["effect_images"] < rules.effect_images or cell["effect_fills"] < min(rules.fills, cell["fills"]):
        return False
    least = 0.5 if rules.effect is None else rules.effect
    if not (cell["effect"] > least and cell["effect"] - cell["effect_control"] > least):
        return False
    if cell["exchanged"] <= least:
        return False
    return bool(cell["effect_q"] < rules.q and cell["effect_low"] > 0)


def too_few_groups(cell: dict[str, Any], rules: Rules) -> bool:
    untested = np.isnan(cell["present_q"]) and cell["present"] < cell["images"]
    if cell["p_rule"] == "groups":
        return bool(cell["groups"] < rules.groups or untested)
    return bool(cell["p_rule"] == "time" and untested)


def word_of(cell: dict[str, Any], rules: Rules) -> str | None:
    if cell["present"] < rules.images:
        return "too few pictures"
    if too_few_groups(cell, rules):
        return "too few groups"
    looked, unknown = cell["use_q"] < rules.q, np.isnan(cell["use_q"])
    tried, effect = cell["effect_images"] >= rules.effect_images, effective(cell, rules)
    if not tried and (looked or unknown):
        return None
    if effect and (looked or not rules.attention):
        return "used"
    if effect:
        return None if unknown else "effect without being looked at"
    if looked:
        return "looked at without effect"
    return "present only" if cell["present_q"] < rules.q else "not distinguishable from chance"


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Rules(attention=True),
        Rules(images=20, groups=9, effect_images=11, q=0.05, effect=0.51, fills=3),
    ],
)
def test_each_cell_has_the_word_that_the_rules_give_it(rules: Rules) -> None:
    cells = random_cells(np.random.default_rng(0), 4000)
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    wanted = [word_of(row, rules) for row in rows]
    assert verdicts(cells, rules).tolist() == wanted and len(set(wanted)) >= 5
    assert has_effect(cells, rules).tolist() == [effective(row, rules) for row in rows]
    assert few(cells, rules).tolist() == [row["present"] < rules.images for row in rows]
    assert few_groups(cells, rules).tolist() == [too_few_groups(row, rules) for row in rows]
    called = [row["present"] >= rules.images and not too_few_groups(row, rules) for row in rows]
    assert can_be_called(cells, rules).tolist() == called
    older = {name: column for name, column in cells.items() if name not in ("p_rule", "exchanged")}
    assert not few_groups(older, rules).any() and len(few_groups(older, rules)) == 4000
    rows = [row | {"p_rule": "pictures", "exchanged": NAN} for row in rows]
    assert verdicts(older, rules).tolist() == [word_of(row, rules) for row in rows]


def test_rules_have_these_values_and_bounds() -> None:
    usual = Rules()
    assert (usual.images, usual.groups, usual.effect_images, usual.q, usual.fills) == (20, 8, 10, 0.05, 2)
    assert usual.effect is None and not usual.attention and usual.least_effect == LOG_ODDS == 0.5
    assert usual.for_values(False).effect == 0.5 and usual.for_values(True).effect == DEVIATIONS == 0.1
    own = Rules(effect=0.0)
    assert own.least_effect == 0 and own.for_values(True) is own
    Rules(images=1, groups=1, effect_images=2, fills=1, q=0.99, effect=0.0)
    for name, value, words in (
        *(
            ("images", 0, "at least 1, got 0"),
            ("groups", 0, "at least 1"),
            ("effect_images", 1, "at least 2"),
        ),
        *(("fills", 0, "at least 1"), ("q", 0.0, "between 0 and 1"), ("q", 1.0, "between 0 and 1")),
        ("effect", -0.1, "not be negative"),
    ):
        with pytest.raises(SettingError, match=rf"verdict\.{name} must .*{words}"):
            Rules(**{name: value})  # type: ignore[arg-type]


def counted(draw: np.random.Generator, objects: int, labels: int) -> Counted:
    images = draw.choice([19, 20, 60, 300], labels)
    present = draw.binomial(images, draw.uniform(0, 1, (objects, labels)))
    present[0] = 0
    return Counted(images, present, draw.binomial(present, draw.uniform(0, 1, (objects, labels))))


def test_disagreements_are_those_of_a_loop_over_cells() -> None:
    objects, labels = ["none", "cup", "cat", "hat"], ["joy", "awe", "fear"]
    said = {"model": 0, "data": 0}
    for seed in range(150):
        draw = np.random.default_rng(seed)
        called, true = counted(draw, 4, 3), counted(draw, 4, 3)
        worth = (draw.uniform(0.3, 1, 3), draw.uniform(0.3, 1, 3)) if seed % 3 == 0 else None
        found = disagreements(called, true, objects, labels, worth)
        c, t = (
            [
                np.asarray(part, float) * (worth[side] if worth else 1)
                for part in (of.images, of.present, of.kept)
            ]
            for side, of in enumerate((called, true))
        )
        cells = [(o, k) for o in range(4) for k in range(3) if min(c[0][k], t[0][k]) >= 20]
        asked = [cell for cell in cells if c[1][cell[0]].sum() > 0]
        z = norm.ppf(1 - 0.05 / (2 * max(1, 2 * len(asked))))

        def ends(count: float, total: float) -> tuple[float, float]:
            low, high = wilson(np.array([count]), np.array([total]), z)  # noqa: B023
            return float(low[0]), float(high[0])

        wanted = []
        for o, k in cells:
            rest = [j for j in range(3) if j != k]
            elsewhere = ends(c[1][o, rest].sum(), c[0][rest].sum())[1]
            low = ends(c[1][o, k], c[0][k])[0]
            if low > ends(t[1][o, k], t[0][k])[1] and low > elsewhere:
                share, other = c[1][o, k] / c[0][k], t[1][o, k] / t[0][k]
                sentence = (
                    f"{objects[o]} comes with {labels[k]} more where the classifier says so ({100 * share:.0f} % of "
                    f"{c[0][k]:,.0f} pictures) than where people do ({100 * other:.0f} % of {t[0][k]:,.0f}): a habit "
                    "of the model, not of the data"
                )
                wanted.append((100 * (share - other), sentence))
                said["model"] += 1
            usual = t[2][:, k].sum() / t[1][:, k].sum() if t[1][:, k].sum() else NAN
            if ends(t[1][o, k], t[0][k])[0] > ends(t[1][o, rest].sum(), t[0][rest].sum())[1] and (
                ends(t[2][o, k], t[1][o, k])[1] < usual
            ):
                sentence = (
                    f"{objects[o]} comes with {labels[k]} as people label it ({100 * t[1][o, k] / t[0][k]:.0f} % of "
                    f"{t[0][k]:,.0f} pictures), but is looked at in {t[2][o, k]:,.0f} of these {t[1][o, k]:,.0f} (any "
                    f"object there: {100 * usual:.0f} %): a habit of the data, not of the model"
                )
                wanted.append((100 * (usual - t[2][o, k] / t[1][o, k]), sentence))
                said["data"] += 1
        assert [one.points for one in found] == pytest.approx(sorted((p for p, _ in wanted), reverse=True))
        assert {one.sentence for one in found} == {sentence for _, sentence in wanted}
    assert min(said.values()) > 10


@pytest.mark.parametrize("seed", range(3))
def test_columns_of_cells_are_those_of_loops(seed: int) -> None:
    draw = np.random.default_rng(seed)
    images = np.array([30, 12, 0, 1]) if seed else np.zeros(4, int)
    present = draw.binomial(images, draw.uniform(0, 1, (3, 4)))
    present[2] = 0
    kept = draw.binomial(present, 0.5)
    chance = draw.uniform(0, 1, (3, 4))
    columns = cell_columns(Tally(images, present, kept, chance), 40, 3)
    total = images.sum()
    for o, k in np.ndindex(3, 4):
        n, m, x = int(images[k]), int(present[o, k]), int(kept[o, k])
        assert (columns["images"][o, k], columns["present"][o, k], columns["kept"][o, k]) == (n, m, x)
        for name, share, count, of, unit in (
            ("present", "present_percent", m, n, 100),
            ("percent", "percent", x, n, 100),
            ("use", "use", x, m, 1),
        ):
            ends = binomtest(count, of).proportion_ci(method="wilson") if of else (NAN, NAN)
            assert columns[share][o, k] == pytest.approx(unit * count / of if of else NAN, nan_ok=True)
            assert columns[f"{name}_low"][o, k] == pytest.approx(unit * ends[0], nan_ok=True, abs=1e-9)
            assert columns[f"{name}_high"][o, k] == pytest.approx(unit * ends[1], nan_ok=True, abs=1e-9)
        whole = 100 * present[o].sum() / total if total else NAN
        assert columns["present_percent_of_all"][o, k] == pytest.approx(whole, nan_ok=True)
        wanted = binom.sf(x - 1, m, chance[o, k]) if m else NAN
        assert columns["use_p"][o, k] == pytest.approx(wanted, nan_ok=True)
        p = permutation_p(kept, images)[o, k] if present[o].any() else NAN
        assert columns["p"][o, k] == pytest.approx(p, nan_ok=True)
        if present[o].any() and not np.isnan(p):
            assert p == pytest.approx(hypergeom.sf(x - 1, total, kept[o].sum(), n))
    np.testing.assert_allclose(columns["lift"], lifts(kept, images))
    for name, p in (("q", columns["p"]), ("use_q", columns["use_p"])):
        q = np.full(p.shape, NAN)
        if not np.isnan(p).all():
            q[~np.isnan(p)] = false_discovery_control(p[~np.isnan(p)])
        np.testing.assert_allclose(columns[name], q)
    table = frame(columns, ["x", "y", "z"], list("abcd"))
    assert table["object"].tolist() == list("xxxxyyyyzzzz") and table["label"].tolist() == list("abcd") * 3
    assert table["kept"].tolist() == kept.ravel().tolist()


def test_importance_is_held_against_that_under_other_labels() -> None:
    draw = np.random.default_rng(0)
    blocks, rows = [], []
    for pictures in (5, 8):
        image, object = np.sort(draw.integers(0, pictures, 30)), draw.integers(0, 3, 30)
        label, confidence = draw.integers(0, 2, pictures), draw.random(pictures)
        object = np.where((object == 2) & (label[image] == 1), 0, object)
        score, importance = draw.random(30), draw.random(30)
        rows += [
            (object[n], label[image[n]], importance[n])
            for n in range(30)
            if score[n] >= 0.3 and confidence[image[n]] >= 0.2
        ]
        columns = {"score": score, "importance": importance, "confidence": confidence}
        blocks.append(
            {name: torch.from_numpy(column) for name, column in columns.items()}
            | {
                name: torch.from_numpy(c)
                for name, c in (("image", image), ("object", object), ("label", label))
            }
        )
    run: Any = SimpleNamespace(
        object_names=["x", "y", "z", "none"], label_names=["a", "b"], tensors=lambda: iter(blocks)
    )
    found = importance_contrast(run, Thresholds(0.3, 0.3, 0.2))
    for o, k in np.ndindex(4, 2):
        own = [value for obj, label, value in rows if (obj, label) == (o, k)]
        others = [value for obj, label, value in rows if obj == o and label != k]
        wanted = np.mean(own) - np.mean(others) if own and others else NAN
        assert found[o, k] == pytest.approx(wanted, nan_ok=True)


def test_regions_are_fixed_from_nine_tenths_of_the_pictures_on() -> None:
    images = np.array([6, 4])
    for least, fixed in ((9, True), (8, False)):
        present = np.array([[6, 4], [least - 4, 4]])
        assert nearly_every_picture_has_all(present, images) == fixed
        for explained, masked in ((True, True), (True, False), (False, True)):
            run: Any = SimpleNamespace(explained=explained, masked=masked)
            assert regions_are_fixed(run, present, images) == (fixed and explained and masked)


CELL: dict[str, Any] = {
    **{"object": "Boat", "label": "Calm", "images": 1234, "present": 1111, "kept": 1001, "verdict": "used"},
    **{
        "present_percent_of_all": 51.2,
        "use": 0.9,
        "use_chance": 0.19,
        "effect": 4.04,
        "effect_control": 0.16,
    },
    **{"effect_images": 1040, "flips": 0.5, "flips_control": 0.25, "exchanged": 2.26},
}


def test_a_cell_s_sentence_is_this_as_a_whole() -> None:
    first = "Boat is in 1,111 of 1,234 pictures that the classifier calls Calm (51 % of all 4,000 pictures); "
    look = "looked at in 1,001 of these 1,111 (19 % by chance); "
    taken = (
        "taken away in 1,040 pictures, it changes the answer in 50 %, as much taken away elsewhere in 25 %"
    )
    other = "; another label's Boat there costs 2.3 log-odds."
    assert verdict_sentence(CELL, pictures=4000) == (
        "The classifier uses Boat to answer Calm. " + first + look + taken + other
    )
    bare = CELL | {"verdict": None, "exchanged": None}
    seldom = {"flips": 0.09, "flips_control": 0.0, "kept": 0, "chance_rule": "labels"}
    look = "looked at in none (19 % under other labels); "
    rare = taken.replace("in 50 %", "in 9 %").replace("in 25 %", "never")
    less = ", and makes it less likely (by 4.0 log-odds, 0.2 there)"
    for word, told in (("used", True), ("effect without being looked at", True), ("present only", False)):
        sentence = verdict_sentence(bare | seldom | {"verdict": word}, pictures=4000)
        assert sentence.endswith(first + look + rare + (less if told else "") + "."), word
    assert less not in verdict_sentence(CELL | {"flips": 0.1}) and less in verdict_sentence(
        CELL | {"flips": 0.099}
    )
    asked = verdict_sentence(bare | {"present": 1, "images": 1, "kept": 1}, asked=True)
    assert asked.startswith(
        "Boat is in 1 of 1 pictures asked about Calm; looked at in every one (19 % by chance); "
    )
    unknown = verdict_sentence(CELL | {"use": NAN, "flips_control": None, "exchanged": NAN})
    assert (
        unknown == "The classifier uses Boat to answer Calm. " + first.replace("all 4,000", "all")[:-2] + "."
    )
    for word in ("present only", "not distinguishable from chance", "looked at without effect", "used"):
        told = verdict_sentence(bare | {"verdict": word, "visible_effect": 1.26}, "points")
        assert ("an effect of 1.3 points would have been found in four of five tries." in told) == (
            word != "used"
        )
    assert [how_often(share) for share in (0, 1, 0.005, 0.5)] == ["never", "every time", "in 0 %", "in 50 %"]


@pytest.mark.parametrize(("end", "sign"), [("+", -1), ("-", 1)])
def test_a_value_moves_against_what_is_taken_away_and_with_what_is_put_in(end: str, sign: int) -> None:
    cell = CELL | {"label": f"valence {end}", "exchanged": None}
    taken = verdict_sentence(cell, "points")
    assert taken.endswith(
        f"taken away in 1,040 pictures, it moves valence by {sign * 4.04:+.2f} points, as much taken away elsewhere by "
        f"{sign * 0.16:+.2f}."
    )
    put = verdict_sentence(cell | {"tried": "inserted"}, "points")
    assert put.endswith(
        f"put into 1,040 pictures, it moves valence by {-sign * 4.04:+.2f} points, a patch without it by "
        f"{-sign * 0.16:+.2f}."
    )


def test_a_region_of_series_is_told_by_what_it_adds() -> None:
    cell = CELL | {"effect_rule": "series moved", "verdict": "used"}
    start = (
        "Boat, Calm: where observers say it, the region adds 4.04 log-odds (the mean of all other regions: 0.16); it "
        "counts in 1,001 of the 1,111 volumes that are decoded so (by lot: 19 %)."
    )
    assert verdict_sentence(cell) == f"{start} Used."
    assert verdict_sentence(cell | {"verdict": None}) == start
