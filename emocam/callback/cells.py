"""Every cell of the matrix with its chance level, its intervals, its effect and a verdict."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from emocam.callback.base import Finished, checked_draws
from emocam.cells.chance import chances
from emocam.cells.dependence import PICTURES, TIME, dependent_columns, independent_columns
from emocam.cells.effects import with_effects
from emocam.cells.fixed_regions import chance_under_other_labels
from emocam.cells.occurrences import LEFT_OUT, Occurrences
from emocam.cells.summed import WholeSums
from emocam.cells.table import Tally, cell_columns, frame
from emocam.cells.verdict import BY_LABELS, FEW, FEW_GROUPS, USED, WORDS, Rules, can_be_called, few, verdicts
from emocam.cells.verdict_words import verdict_sentence
from emocam.functional.statistics.bootstrap import RESAMPLES
from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.power import level, visible_mean
from emocam.results.pairs import picture_codes
from emocam.results.parquet_file import write_frame
from emocam.results.spreadsheet import write_csv
from emocam.results.summary import Finding

MOST = 10
"""The most sentences at the end of a run."""


class Cells:
    """A callback that writes cells.parquet and cells.csv, one row per object and label.

    docs/explanation/verdict.md names the columns.

    Attention has a level of chance where importance is the map's mean in the region, or
    `threshold.chance` decides; under another importance and without a CAM `use_chance` is NaN. Where every
    picture has all objects as masks, it is by the same regions under other labels, whatever the importance.
    """

    def __init__(self, rules: Rules | None = None, resamples: int = RESAMPLES, seed: int = 0) -> None:
        self.rules = rules or Rules()
        self.resamples = checked_draws("callback.cells.resamples", resamples)
        self.seed = seed

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        rules = self.rules.for_values(bool(run.value_names))
        table = cell_table(finished, rules, self.resamples, self.seed)
        write_frame(table, run.path / "cells.parquet")
        write_csv(table, run.path / "cells.csv", index=False)
        told = {
            "in_words": in_words(table, finished),
            **chance_levels(table, finished.finding, rules),
        }
        return headline_numbers(table, rules) | told


def cell_table(
    finished: Finished, rules: Rules, resamples: int, seed: int, chosen: np.ndarray | None = None
) -> pd.DataFrame:
    """Return a row an object and label, of all images, or of those that are `chosen` (I,) alone."""
    run = finished.run
    rules = rules.for_values(bool(run.value_names))
    names = len(run.label_names)
    if finished.sums is not None and chosen is None:
        tally = summed_tally(finished.sums)
    else:
        tally = count(finished, chosen_of(finished, chosen), chosen)
    fixed = None
    if finished.fixed and finished.dependence.rule != TIME:  # along a film labels cannot be shuffled
        found = chosen_of(finished, chosen)
        fixed = chance_under_other_labels(found, names, finished.dependence.group)
        tally = replace(tally, chance=fixed[0])
    columns = cell_columns(tally, resamples, seed)
    columns |= independent_columns(tally.present)
    if finished.dependence.rule != PICTURES:
        found = chosen_of(finished, chosen)
        columns |= dependent_columns(found, names, finished.dependence, tally.chance, resamples, seed)
    if run.many:
        columns["present_percent_of_all"] = np.broadcast_to(
            percent_of_pictures(chosen_of(finished, chosen), picture_codes(images_of(finished))),
            tally.kept.shape,
        )
    if fixed is not None:
        columns["use_p"] = fixed[1]
    # a cell of too few pictures or groups can never be called, and must not cost those that can
    columns["use_q"] = false_discoveries(np.where(can_be_called(columns, rules), columns["use_p"], np.nan))
    cells = frame(columns, run.object_names, run.label_names)
    images = None if chosen is None else set(images_of(finished)[chosen])
    file, unit = run.path / "effect.parquet", unit_of_images(finished)
    cells = with_effects(cells, file, unit, rules, finished.fixed, images)
    cells["visible_effect"] = visible_effects(cells, rules)
    values = {name: cells[name].to_numpy() for name in cells.columns}
    cells["few"] = few(values, rules)
    cells["verdict"] = verdicts(values, rules)
    texts = ["tried", "effect_rule", "p_rule", "verdict"]
    if fixed is not None:
        cells["chance_rule"] = BY_LABELS
        texts.append("chance_rule")
    cells = without_comparison(cells) if run.asked else cells
    return cells.astype(dict.fromkeys(texts, "string"))


def chosen_of(finished: Finished, chosen: np.ndarray | None) -> Occurrences:
    """Return the objects that occur in each image; those that are not `chosen` (I,) count for none."""
    found = finished.occurrences
    return found if chosen is None else replace(found, label=np.where(chosen, found.label, LEFT_OUT))


def summed_tally(sums: WholeSums) -> Tally:
    """Return the counts and levels of chance that the sums of a run's parts give."""
    counts = sums.counts
    return Tally(counts.images.numpy(), counts.present.numpy(), counts.counts.numpy(), sums.chance)


def percent_of_pictures(found: Occurrences, picture: np.ndarray) -> np.ndarray:
    """Return the percentage of the pictures with a label, (I,) of each of its labels, that have an object (O, 1)."""
    pairs = np.unique(found.object.astype(np.int64) * (picture.max(initial=0) + 1) + picture[found.image])
    object = pairs // (picture.max(initial=0) + 1)
    share = 100 * np.bincount(object, minlength=found.objects) / max(1, len(np.unique(picture)))
    return share[:, None]


def without_comparison(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells of a run that asks every picture the same, without what compares labels.

    There is one label, so that its share among all pictures tells nothing.
    """
    return cells.assign(**dict.fromkeys(("lift", "lift_low", "lift_high", "p", "q", "present_q"), np.nan))


def unit_of_images(finished: Finished) -> dict[str, int] | None:
    """Return the unit of each image, by which effects are measured; None where each stands by itself."""
    dependence = finished.dependence
    if dependence.rule == PICTURES:
        return None
    return dict(zip(images_of(finished), dependence.units(finished.occurrences.label).tolist(), strict=True))


def images_of(finished: Finished) -> np.ndarray:
    """Return the names of the images (I,) in the order of the predictions."""
    return finished.run.pictures(["image"])["image"].astype(str).to_numpy()


def visible_effects(cells: pd.DataFrame, rules: Rules) -> np.ndarray:
    """Return the effect beyond the control's that had a chance of .8 to be found; NaN where none was tried."""
    images = cells["effect_images"].to_numpy(int)
    free = np.maximum(images - 1, 1)
    half = (cells["effect_high"] - cells["effect_low"]).to_numpy(float) / 2
    deviation = half * np.sqrt(images) / stdtrit(free, 0.975)
    asked = level(cells["effect_q"].to_numpy(float), rules.q)
    # the interval must lie above 0, and the mean above what the verdict asks for
    above = rules.least_effect + stdtrit(free, 0.8) * deviation / np.sqrt(np.maximum(images, 1))
    visible = np.maximum(visible_mean(deviation, images, asked, 0.0), above)
    return np.where(images >= rules.effect_images, visible, np.nan)


def count(finished: Finished, found: Occurrences, chosen: np.ndarray | None = None) -> Tally:
    """Return the counts of all cells, and their level of chance where there is one."""
    counted = found.count(found.label, len(finished.run.label_names))
    chance = np.full(counted.kept.shape, np.nan)
    if finished.run.explained:
        chance = chances(finished.run, finished.thresholds, chosen)
    return Tally(counted.images, counted.present, counted.kept, chance)


def headline_numbers(cells: pd.DataFrame, rules: Rules) -> dict[str, Any]:
    """Return how many cells could be tested, how many stand out, and how many have each verdict."""
    verdicts = cells["verdict"].value_counts()
    return {
        "cells_tested": int(cells["q"].notna().sum()),
        "cells_found": int((cells["q"] < rules.q).sum()),
        "cells_measured": int((cells["effect_images"] > 0).sum()),
        "verdicts": {word: int(verdicts.get(word, 0)) for word in WORDS},
    }


def chance_levels(cells: pd.DataFrame, finding: list[Finding], rules: Rules) -> dict[str, Any]:
    """Return `finding_chance`, the percent that each finding would have if its boxes lay anywhere, and `usual_chance`.

    The latter is the median `use_chance` of the cells with enough pictures; None without a level of chance.
    """
    expected = 100 * cells["use_chance"] * cells["present"] / cells["images"].where(cells["images"] > 0)
    of_cell = dict(zip(zip(cells["object"], cells["label"], strict=True), expected, strict=True))
    found = [of_cell.get((cell["object"], cell["label"]), np.nan) for cell in finding]
    levels = cells.loc[cells["present"] >= rules.images, "use_chance"].dropna()
    return {
        "finding_chance": [round(float(share), 1) if np.isfinite(share) else None for share in found],
        "usual_chance": round(float(levels.median()), 4) if len(levels) else None,
    }


def in_words(cells: pd.DataFrame, finished: Finished) -> list[str]:
    """Return a sentence on each used cell, most effect first, then on the best supported cell of each label.

    Of too few pictures or groups nothing is said.
    """
    run = finished.run
    cells = cells[~cells["verdict"].isin([FEW, FEW_GROUPS])]
    used = cells[cells["verdict"] == USED].sort_values("effect", ascending=False)
    strongest = {(cell["object"], cell["label"]) for cell in finished.finding}
    named = np.array([pair in strongest for pair in zip(cells["object"], cells["label"], strict=True)], bool)
    pictures = int(finished.counts.images.sum())
    if run.many:  # a row is a picture and a label
        counting = finished.occurrences.label != LEFT_OUT
        pictures = len(np.unique(picture_codes(images_of(finished)[counting])))
    chosen = pd.concat([used, cells[named].sort_values("percent_low", ascending=False)]).drop_duplicates()
    return [
        verdict_sentence(
            {str(key): value for key, value in cell.items()},
            run.effect_unit,
            run.asked is not None,
            pictures,
        )
        for cell in chosen.head(MOST).to_dict("records")
    ]
