"""The pictures that the page shows: the strongest of every cell, found in one pass over the evidence."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.report.best_pairs import BestPairs, CellPairs, sort_ranks, strongest_of_pairs
from emocam.results.files import PREDICTIONS
from emocam.results.run import Run, encode_names, image_rows

ON_A_PAGE = 3_000
"""The most pictures of a page: with all of a large corpus it would be as large as that."""


@dataclass(frozen=True)
class Strongest:
    """The strongest pictures of all cells.

    `pairs` has one row per picture of a cell (image, object, label, passed, held, strength, against), strongest first;
    a picture is `held` where it has the object above the detector's threshold, looked at or not, and `against` where it
    is here as a counter-example alone. `seen` (O, L) counts images that are held;
    `highest` is the greatest strength of any region, and `left_out` the number of pictures of cells for
    which the page has no room.
    """

    pairs: pd.DataFrame
    seen: NDArray[np.int64]
    highest: float
    left_out: int = 0


def take_turns(pairs: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the pairs of at most `most` pictures: of each cell its strongest, then of each its second, and so on.

    Within a turn cells whose picture counts come first, those of many pictures before those of few; a cell's
    counter-examples take their own turns. What is left of a cell has no gap: its strongest pictures, as many as found
    room.
    """
    cells = pairs.groupby(["object", "label", "against"], sort=False)
    many = cells["image"].transform("size").to_numpy()
    order = np.lexsort((-many, ~pairs["passed"].to_numpy(bool), cells.cumcount().to_numpy()))
    chosen = pd.unique(pairs["image"].to_numpy()[order])[:most]
    kinds = [pairs["object"], pairs["label"], pairs["against"]]
    found_room = pairs["image"].isin(chosen).groupby(kinds, sort=False).cummin()
    return pairs[found_room]


def find_strongest(run: Run, most: int = ON_A_PAGE) -> Strongest:
    """Find at most `most` pictures: one is as strong in a cell as the object's strongest region in it."""
    objects, labels = len(run.object_names), len(run.label_names)
    best = BestPairs(objects, labels)
    highest = 0.0
    seen: NDArray[np.int64] = np.zeros(objects * labels, np.int64)
    for regions in _regions(run):
        highest = max(highest, float(np.nanmax(regions.strength, initial=-np.inf)))
        pairs = strongest_of_pairs(regions, objects)
        held = pairs.held
        seen += np.bincount(pairs.object[held] * labels + pairs.label[held], minlength=objects * labels)
        best.add(pairs)
    best.settle()
    pairs = best.pairs
    order = np.argsort(-pairs.rank, kind="stable")
    shown = pd.DataFrame(
        {
            "image": pairs.image,
            "object": pairs.object,
            "label": pairs.label,
            "passed": pairs.passed,
            "held": pairs.held,
            "strength": pairs.strength,
            "against": best.against,
        }
    )
    shown = shown.iloc[order].reset_index(drop=True)
    candidates = shown["image"].nunique()
    shown = take_turns(shown, most) if candidates > most else shown
    left_out = candidates - shown["image"].nunique()
    shown = shown.assign(image=_names(run, shown["image"].to_numpy())).reset_index(drop=True)
    return Strongest(shown, seen.reshape(objects, labels), highest, left_out)


def _regions(run: Run) -> Iterator[CellPairs]:
    """Yield all regions, block by block, with the places of their pictures in the run."""
    thresholds = run.thresholds
    numbers = ["confidence", "score", thresholds.decides]
    images = row = 0
    for predictions, regions in run.blocks(["image"], ["image", "label", "object", *numbers]):
        score, confidence, decisive = (
            regions[name].to_numpy() for name in ("score", "confidence", thresholds.decides)
        )
        passed = thresholds.kept(score, confidence, decisive, decisive, run.explained)
        strength = thresholds.strength(score, decisive, run.explained)
        yield CellPairs(
            image_rows(regions, predictions) + images,
            encode_names(regions, "object", run.object_names),
            encode_names(regions, "label", run.label_names),
            strength,
            sort_ranks(passed, thresholds.present(score, confidence), strength),
            np.arange(row, row + len(regions)),
        )
        images += len(predictions)
        row += len(regions)


def _names(run: Run, images: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the names of pictures (n,) by their places in the run."""
    names: NDArray[np.object_] = np.empty(len(images), object)
    first = 0
    for rows in run.rows(PREDICTIONS, ["image"]):
        here = (images >= first) & (images < first + len(rows))
        names[here] = rows["image"].take(images[here] - first).to_pylist()
        first += len(rows)
    return names
