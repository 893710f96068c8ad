"""The strongest pictures of each cell: those of all regions sorted at once, however many are never sorted."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from emocam.records.thresholds import Thresholds
from emocam.report import best_pairs
from emocam.report.best_pairs import sort_ranks
from emocam.report.top_pictures import find_strongest

COLUMNS = ["image", "object", "label", "passed", "held", "strength"]
OBJECTS, LABELS = ["ball", "tree"], ["joy", "fear"]


@dataclass
class Blocks:
    """A run of random evidence, a few pictures a block; strengths have few values, so that many are equal."""

    seed: int
    thresholds: Thresholds
    explained: bool = True
    object_names, label_names = OBJECTS, LABELS

    def blocks(self, images: list[str], columns: list[str]) -> Iterator[tuple[pa.Table, pa.Table]]:
        dice = np.random.default_rng(self.seed)
        for block in range(60):
            image = np.sort(dice.integers(0, 6, dice.integers(0, 40)))
            label, confidence = dice.integers(0, 2, 6), dice.random(6).round(1)
            rows = {
                "image": [f"{block}-{place}.jpg" for place in image],
                "object": [OBJECTS[place] for place in dice.integers(0, 2, len(image))],
                "label": [LABELS[place] for place in label[image]],
                "confidence": confidence[image].astype(np.float32),
                "score": dice.random(len(image)).round(1).astype(np.float32),
                "importance": np.where(
                    dice.random(len(image)) < 0.05, np.nan, dice.random(len(image)).round(1)
                ).astype(np.float32),
            }
            text = pa.schema([(name, pa.string()) for name in ("image", "object", "label")])
            table = pa.table(rows)
            for name in text.names:
                table = table.set_column(
                    table.schema.get_field_index(name), name, table[name].cast(pa.string())
                )
            yield pa.table({"image": [f"{block}-{place}.jpg" for place in range(6)]}), table.select(columns)

    def rows(self, table: str, columns: list[str]) -> Iterator[pa.Table]:
        return (images for images, _ in self.blocks([], columns[:0]))


def best_of_cells(pairs: pd.DataFrame) -> pd.DataFrame:
    ordered = pairs.sort_values(
        ["passed", "held", "strength"], ascending=False, kind="stable", ignore_index=True
    )
    once = ordered.drop_duplicates(["image", "object"])
    place = once.groupby(["object", "label"]).cumcount()
    strongest = (place < np.where(once["passed"], best_pairs.MOST, best_pairs.BELOW)).to_numpy()
    unseen = once[once["held"] & ~once["passed"]]
    from_last = unseen.groupby(["object", "label"]).cumcount(ascending=False).reindex(once.index)
    against = (from_last < best_pairs.AGAINST).to_numpy() & ~strongest
    return once.assign(against=against)[strongest | against]


def sorted_at_once(run: Blocks) -> pd.DataFrame:
    rows = pa.concat_tables(
        rows for _, rows in run.blocks([], [*COLUMNS[:3], "confidence", "score", "importance"])
    )
    frame = rows.to_pandas()
    score, confidence, weight = (frame[name].to_numpy() for name in ("score", "confidence", "importance"))
    frame["passed"] = run.thresholds.kept(score, confidence, weight, None, run.explained)
    frame["held"] = run.thresholds.present(score, confidence)
    frame["strength"] = run.thresholds.strength(score, weight, run.explained)
    frame["object"] = frame["object"].map(OBJECTS.index)
    frame["label"] = frame["label"].map(LABELS.index)
    return frame


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("least", [0.2, 0.8])
@pytest.mark.parametrize("explained", [True, False])
@pytest.mark.parametrize("full", [20, 1_000])
def test_they_are_those_of_all_regions_sorted_at_once(
    monkeypatch: pytest.MonkeyPatch, seed: int, least: float, explained: bool, full: int
) -> None:
    for name, most in (("MOST", 6), ("BELOW", 3), ("AGAINST", 2), ("FULL", full)):
        monkeypatch.setattr(best_pairs, name, most)
    run = Blocks(seed, Thresholds(0.3, least, 0.2), explained)
    found = find_strongest(run, 10_000)  # type: ignore[arg-type]
    regions = sorted_at_once(run)
    expected = best_of_cells(regions[COLUMNS]).reset_index(drop=True)
    pd.testing.assert_frame_equal(found.pairs, expected, check_dtype=False)
    held = regions[regions["held"]].drop_duplicates(["image", "object"])
    assert found.seen.tolist() == [
        [((held["object"] == o) & (held["label"] == n)).sum() for n in (0, 1)] for o in (0, 1)
    ]
    assert found.highest == regions["strength"].max() and found.left_out == 0


def test_ranks_order_strengths_of_either_sign_and_no_number_is_the_least() -> None:
    strength = np.array([np.nan, -2, -1e-30, 0, 1e-30, 0.25, 1, 3], np.float32)
    nothing = np.zeros(len(strength), bool)
    for passed, held in ((nothing, nothing), (nothing, ~nothing), (~nothing, ~nothing)):
        assert (np.diff(sort_ranks(passed, held, strength)) > 0).all()
    levels = [
        sort_ranks(np.array([p]), np.array([h]), np.array([s], np.float32))[0]
        for p, h, s in ((False, False, 3), (False, True, np.nan), (False, True, 3), (True, True, np.nan))
    ]
    assert sorted(levels) == levels
