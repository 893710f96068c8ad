"""The pictures in which the focus moved most between runs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emocam.functional.map.focus import moved, on_one_grid
from emocam.results.equal_blocks import equal_blocks
from emocam.results.files import MAPS, PREDICTIONS
from emocam.results.run import Run, read_boxes

MOST = 60
BLOCK = 1024
"""The number of pictures read at a time, the same ones of all runs."""
COLUMNS = ["image", "moved", "run_a", "run_b", "label_a", "label_b", "changed"]


@dataclass(frozen=True)
class RunFocus:
    """Pictures (B,) of a run with their labels (B,) and focus (B, g, g)."""

    images: list[str]
    labels: list[str]
    focus: Tensor


def most_moved(runs: list[Run], names: list[str]) -> pd.DataFrame:
    """Return one row per picture, largest `moved` first: the share of the focus that is elsewhere.

    Of several runs run_a and run_b are the two that differ most about the picture; `changed` says
    whether they call it differently. Empty where fewer than two runs have maps.
    """
    explained = [(run, name) for run, name in zip(runs, names, strict=True) if run.explained]
    best = pd.DataFrame(columns=COLUMNS)
    if len(explained) < 2:
        return best
    for parts in zip(*(_blocks(run) for run, _ in explained), strict=True):
        moved_most = _most_different(list(parts), [name for _, name in explained])
        best = moved_most if best.empty else pd.concat([best, moved_most])
        best = best.sort_values("moved", ascending=False, kind="stable").head(MOST)
    return best.reset_index(drop=True)


def _blocks(run: Run) -> Iterator[RunFocus]:
    """Yield the run's pictures in the order of the listing, cut into the same blocks for all runs."""
    predictions = equal_blocks(run.file(PREDICTIONS), BLOCK, ["image", "label"])
    maps = equal_blocks(run.file(MAPS), BLOCK)
    for predicted, rows in zip(predictions, maps, strict=True):
        shape = [rows[side][0].as_py() for side in ("height", "width")]
        cells = rows["map"].combine_chunks().flatten().to_numpy().reshape(len(rows), *shape)
        window = torch.from_numpy(read_boxes(rows))
        focus = on_one_grid(torch.from_numpy(cells.copy()), window)
        yield RunFocus(predicted["image"].to_pylist(), predicted["label"].to_pylist(), focus)


def _most_different(parts: list[RunFocus], names: list[str]) -> pd.DataFrame:
    """Return one row per picture with the two runs that differ most; pictures without any focus are left out."""
    apart = moved(torch.stack([part.focus for part in parts])).nan_to_num(nan=-1).numpy()
    runs = len(names)
    images = apart.shape[-1]
    pair = apart.reshape(-1, images).argmax(0)
    a = np.minimum(pair // runs, pair % runs)
    b = np.maximum(pair // runs, pair % runs)
    label = np.array([part.labels for part in parts], object)
    run = np.array(names, object)
    picture = np.arange(images)
    table = pd.DataFrame(
        {
            "image": parts[0].images,
            "moved": apart[a, b, picture],
            "run_a": run[a],
            "run_b": run[b],
            "label_a": label[a, picture],
            "label_b": label[b, picture],
            "changed": label[a, picture] != label[b, picture],
        }
    )
    return table[a != b]
