"""Effects before and after a cure, from loops over trials and SciPy's t test."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, t, ttest_1samp

from emocam.cells.paired_effects import (
    PAIRED_COLUMNS,
    accuracy_sentence,
    cell_row,
    cure_sentence,
    cured_cells,
    paired_effects,
    sentences_of,
    spread_interval,
    two_sided_p,
    unit_of_each,
)
from emocam.errors import SettingError
from emocam.results.parquet_file import write_frame

OBJECTS, LABELS = ["cup", "cat", "hat", "sun"], ["joy", "awe"]
NAN = np.nan


def trials(seed: int, lift: float, pictures: int = 24) -> pd.DataFrame:
    """Two fills a picture, a control now and then unknown; the hat is in five pairs of pictures, the sun in fewer."""
    draw, rows = np.random.default_rng(seed), []
    for number in range(pictures):
        for object in OBJECTS:
            if number >= {"hat": 14, "sun": 12}.get(object, 99):
                continue
            for fill in ("blur", "grey", "composed", "exchanged"):
                effect = draw.normal(2, 0.5) + lift * (object == "cat") - 1.9 * (object == "cup") * seed
                control = NAN if number % 7 == seed else draw.normal(0, 0.3)
                rows.append((object, LABELS[number % 2], f"{number}.png", fill, effect, control))
    return pd.DataFrame(rows, columns=["object", "label", "image", "fill", "effect", "effect_control"])


def run(folder: Path, effects: pd.DataFrame | None, seed: int = 0, **columns: object) -> Any:
    """What of a run is read: its tables, names and roles."""
    folder.mkdir()
    draw = np.random.default_rng(seed)
    label = draw.choice(LABELS, 30)
    predictions = pd.DataFrame({"image": [f"{number}.png" for number in range(30)], "label": label})
    write_frame(predictions.assign(**columns), folder / "predictions.parquet")
    if effects is not None:
        write_frame(effects, folder / "effect.parquet")
    return SimpleNamespace(
        path=folder,
        file=lambda name: folder / f"{name}.parquet",
        names={"grouped": ["person" if "group" in columns else None, None]},
        many=False,
        roles={(1, 0): "shortcut", (0, 1): "cause"},
        object_names=OBJECTS,
        label_names=LABELS,
    )


def means_of(effects: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in effects.itertuples():
        if row.fill in ("blur", "grey") and row.effect_control == row.effect_control:
            found.setdefault((row.object, row.label, row.image), []).append(row.effect - row.effect_control)
    return {key: sum(values) / len(values) for key, values in found.items()}


@pytest.mark.parametrize("grouped", [False, True])
def test_every_number_of_a_cell_is_that_of_loops_over_pictures(tmp_path: Path, grouped: bool) -> None:
    one, other = trials(0, 0.0), trials(1, 2.0)
    more = {"group": [f"p{number // 3}" for number in range(30)]} if grouped else {}
    before, after = run(tmp_path / "a", one, **more), run(tmp_path / "b", other, **more)
    found = paired_effects(before, after)
    first, second = means_of(one), means_of(other)
    by_cell: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    for object, label, image in first:
        if (object, label, image) in second:
            unit = str(int(image[:-4]) // 3) if grouped else image
            pair = first[object, label, image], second[object, label, image]
            by_cell.setdefault((object, label), {}).setdefault(unit, []).append(pair)
    wanted = {
        cell: np.array([np.mean(pairs, 0) for pairs in units.values()])
        for cell, units in by_cell.items()
        if len(units) >= 5
    }
    assert list(found.table.columns) == PAIRED_COLUMNS
    rows = {(row["object"], row["label"]): row for row in found.table.to_dict("records")}
    assert set(rows) == set(wanted)
    objects = {object for object, _ in rows}
    assert "hat" in objects and (grouped or len(by_cell["hat", "joy"]) == 5) and "sun" not in objects
    p = {}
    for cell, pairs in wanted.items():
        row, change = rows[cell], pairs[:, 1] - pairs[:, 0]
        assert row["images"] == len(pairs)
        assert row["effect_before"] == pytest.approx(pairs[:, 0].mean())
        assert row["effect_after"] == pytest.approx(pairs[:, 1].mean())
        assert row["change"] == pytest.approx(change.mean())
        for values, low, high in ((pairs[:, 1], "low_after", "high_after"), (change, "low", "high")):
            reach = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
            assert row[low] == pytest.approx(values.mean() - reach)
            assert row[high] == pytest.approx(values.mean() + reach)
        p[cell] = ttest_1samp(change, 0).pvalue
        assert row["p"] == pytest.approx(p[cell])
        assert row["shortcut"] == (cell == ("cat", "joy"))
    for cell, q in zip(p, false_discovery_control(list(p.values())), strict=True):
        assert rows[cell]["q"] == pytest.approx(q)
    order = [(not row["shortcut"], row["change"]) for row in found.table.to_dict("records")]
    assert order == sorted(order)
    assert found.sentences == sentences_of(found.table, {("cat", "joy")})
    assert found.sentences[0].startswith("cat under joy: taking it away cost ")


def test_runs_without_effects_or_without_the_same_trials_are_refused(tmp_path: Path) -> None:
    whole, bare = run(tmp_path / "a", trials(0, 0)), run(tmp_path / "b", None)
    for pair in ((whole, bare), (bare, whole)):
        with pytest.raises(SettingError, match=r"b has none; run it with \+effect=erase"):
            paired_effects(*pair)
    other = run(tmp_path / "c", trials(0, 0).assign(image="z.png"))
    with pytest.raises(SettingError, match="tried no object under the same label in the same picture"):
        paired_effects(whole, other)


def test_a_picture_is_of_its_group_where_there_are_groups(tmp_path: Path) -> None:
    assert unit_of_each(run(tmp_path / "a", None)) is None
    of = unit_of_each(run(tmp_path / "b", None, group=[f"p{number // 3}" for number in range(30)]))
    assert of == {f"{number}.png": number // 3 for number in range(30)}


def test_cured_cells_are_those_that_were_prescribed_or_else_the_data_s_shortcuts(tmp_path: Path) -> None:
    before = run(tmp_path / "a", None)
    assert cured_cells(before) == {("cat", "joy")}
    (tmp_path / "a/prescription").mkdir()
    (tmp_path / "a/prescription/prescription.csv").write_text("object,label,x\nhat,awe,1\n7,joy,2\n")
    assert cured_cells(before) == {("hat", "awe"), ("7", "joy")}


def test_one_pair_has_no_interval_and_two_have_one() -> None:
    assert np.isnan(spread_interval(np.array([1.0]))).all() and np.isnan(two_sided_p(np.array([1.0])))
    two = np.array([1.0, 2.0])
    reach = t.ppf(0.975, 1) * 0.5
    assert spread_interval(two) == pytest.approx((1.5 - reach, 1.5 + reach))
    for values in (two, -two, np.array([-1.0, 1.2, 0.3]), np.array([-0.5, 0.5])):
        assert two_sided_p(values) == pytest.approx(ttest_1samp(values, 0).pvalue)
    row = cell_row("cup", "joy", pd.DataFrame({"effect_before": [1.0], "effect_after": [3.0]}))
    assert (row["images"], row["change"], row["effect_before"], row["effect_after"]) == (1, 2, 1, 3)


def row_of(object: str, label: str = "joy", **more: float) -> dict[str, object]:
    usual = {"effect_before": 2.0, "effect_after": 0.125, "low_after": 0.0, "high_after": 0.25}
    usual |= {"change": 1.0, "low": 0.5, "high": 1.5, "q": 0.01, "images": 1234}
    return {"object": object, "label": label, **usual, **more}


def test_a_cure_s_sentence_says_whether_its_interval_is_below_or_above_half_a_log_odd() -> None:
    start = (
        "cat under joy: taking it away cost 2.00 log-odds beyond the control before, and 0.12 ({} to {}) after, in the "
        "same 1,234 pictures: "
    )
    for low, high, end in (
        (0.0, 0.49, "it is gone"),
        (0.0, 0.5, "whether it is gone is not sure"),
        (0.5, 0.9, "whether it is gone is not sure"),
        (0.51, 0.9, "it is still used"),
    ):
        row = row_of("cat", low_after=low, high_after=high)
        assert cure_sentence("cat", "joy", row) == start.format(f"{low:.2f}", f"{high:.2f}") + end
    assert cure_sentence("cat", "joy", None) == (
        "cat under joy: fewer than 5 pictures show it before and after, so nothing can be said"
    )


def test_what_weighs_more_is_named_by_its_change_at_most_six() -> None:
    rows = [
        row_of(f"o{n}", low_after=0.6, change=float(n), effect_before=n, effect_after=2.0 * n)
        for n in range(8)
    ]
    rows += [
        row_of("sure", q=0.05, low_after=0.6, change=90),
        row_of("low", low=0.0, low_after=0.6, change=91),
        row_of("gone", low_after=0.5, change=92),
    ]
    (line,) = sentences_of(pd.DataFrame(rows), set())
    named = [f"o{n} under joy ({n:.1f} to {2 * n:.1f})" for n in (7, 6, 5, 4, 3, 2)]
    assert line == f"weighs more than before: {', '.join(named)}"
    lines = sentences_of(pd.DataFrame(rows[8:]), {("sure", "joy"), ("cat", "awe")})
    assert lines[0].startswith("cat under awe: fewer") and lines[1].startswith("sure under joy: taking")
    assert lines[2:] == ["no object weighs more than before"]


def test_accuracy_is_told_of_the_pictures_of_both_whose_truth_is_known(tmp_path: Path) -> None:
    truth = [None, "", *(["joy", "awe"] * 14)]
    before, after = (run(tmp_path / name, None, seed, truth=truth) for seed, name in enumerate("ab", 5))
    tables = [pd.read_parquet(tmp_path / name / "predictions.parquet") for name in "ab"]
    tables[1].iloc[:-3].iloc[::-1].to_parquet(tmp_path / "b/predictions.parquet")
    one, other = ((table["label"] == table["truth"]).to_numpy(float)[2:-3] for table in tables)
    reach = t.ppf(0.975, 24) * (other - one).std(ddof=1) / 25**0.5
    change = (other - one).mean()
    assert change != 0
    assert accuracy_sentence(before, after) == [
        f"accuracy {100 * one.mean():.1f} % before and {100 * other.mean():.1f} % after ({100 * change:+.1f} points, "
        f"{100 * (change - reach):+.1f} to {100 * (change + reach):+.1f}), 25 pictures"
    ]
    blank = run(tmp_path / "c", None, truth="")
    assert accuracy_sentence(blank, blank) == []
    assert accuracy_sentence(run(tmp_path / "d", None), before) == []
