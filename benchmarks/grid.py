"""The association at a hundred pairs of thresholds: one sorted pass, and a query for each pair."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from racing import Agreement, Contest, Way
from telling import table_of

from emocam.functional.statistics.threshold_grid import count_grid

OBJECTS, LABELS = 601, 20
COLUMNS = ("object", "image", "score", "importance")
STEPS = np.linspace(0.05, 0.95, 10, dtype=np.float32)


def evidence(regions: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Labels of the images, and their regions; a few objects are everywhere, as in real corpora."""
    dice = np.random.default_rng(0)
    images = regions // 58  # FindingEmo's 25,869 under YOLO's lowest threshold
    common = 1 / (np.arange(OBJECTS) + 3)
    rows = pd.DataFrame(
        {
            "image": np.sort(dice.integers(0, images, regions)),
            "object": dice.choice(OBJECTS, regions, p=common / common.sum()),
            "score": dice.beta(1, 3, regions).astype(np.float32),
            "importance": dice.beta(1.5, 3, regions).astype(np.float32),
        }
    )
    return dice.integers(0, LABELS, images), rows


def by_pandas(label: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
    """Of every pair: those above both thresholds, an image once, counted by object and label."""
    rows = rows.assign(label=label[rows["image"]])
    counts = np.zeros((len(STEPS), len(STEPS), OBJECTS, LABELS), np.int64)
    for s, score in enumerate(STEPS):
        for t, importance in enumerate(STEPS):
            kept = rows[(rows["score"] > score) & (rows["importance"] > importance)]
            once = kept.drop_duplicates(["image", "object"])
            cells = once.groupby(["object", "label"]).size()
            places = [cells.index.get_level_values(i).to_numpy() for i in (0, 1)]
            counts[s, t][tuple(places)] = cells.to_numpy()
    return counts


def contest(regions: int) -> Contest:
    label, rows = evidence(regions)
    object, image, score, importance = (rows[name].to_numpy() for name in COLUMNS)

    def ours() -> np.ndarray:
        return count_grid(label, object, image, score, importance, STEPS, STEPS, (OBJECTS, LABELS))

    def agree() -> Agreement:
        return Agreement(float(np.abs(ours() - by_pandas(label, rows)).max()), 0, "all counts")

    return Contest(
        f"100 pairs of thresholds, {regions:,} regions of {len(label):,} images",
        Way(ours),
        {"pandas groupby for each pair": Way(lambda: by_pandas(label, rows))},
        agree,
        {"pandas groupby for each pair": 18},
    )


def contests(small: bool = False) -> Iterator[Contest]:
    yield contest(6_000 if small else 1_500_000)


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
