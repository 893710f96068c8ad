"""The pictures in which the focus moved most between runs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emocam.functional.map.focus import moved, on_one_grid
from emocam.results.equal_blocks import equal_blocks
from emocam.results.run import Run, read_boxes

MOST = 60
BLOCK = 1024
"""Pictures at a time, of all runs the same ones."""
COLUMNS = ["image", "moved", "run_a", "run_b", "label_a", "label_b", "changed"]


def most_moved(runs: list[Run], names: list[str]) -> pd.DataFrame:
    """A row a picture, those first whose focus moved most: `moved` is the share of it that lies elsewhere.

    Of several runs run_a and run_b are the two that differ most about the picture; `changed` says
    whether they call it differently. Empty where fewer than two runs have maps.
    """
    explained = [(run, name) for run, name in zip(runs, names, strict=True) if run.explained]
    best = pd.DataFrame(columns=COLUMNS)
    if len(explained) < 2:
        return best
    for parts in zip(*(_blocks(run) for run, _ in explained), strict=True):
        found = _of_block(list(parts), [name for _, name in explained])
        best = found if best.empty else pd.concat([best, found])
        best = best.sort_values("moved", ascending=False, kind="stable").head(MOST)
    return best.reset_index(drop=True)


def _blocks(run: Run) -> Iterator[tuple[list[str], list[str], Tensor]]:
    """Yield images, their labels and focus (B, g, g), in the order of the listing and the same of all runs."""
    predictions = equal_blocks(run.path / "predictions.parquet", BLOCK, ["image", "label"])
    maps = equal_blocks(run.path / "maps.parquet", BLOCK)
    for said, rows in zip(predictions, maps, strict=True):
        shape = [rows[side][0].as_py() for side in ("height", "width")]
        cells = rows["map"].combine_chunks().flatten().to_numpy().reshape(len(rows), *shape)
        window = torch.from_numpy(read_boxes(rows))
        focus = on_one_grid(torch.from_numpy(cells.copy()), window)
        yield said["image"].to_pylist(), said["label"].to_pylist(), focus


def _of_block(parts: list[tuple[list[str], list[str], Tensor]], names: list[str]) -> pd.DataFrame:
    """Of each picture the two runs that differ most; pictures without any focus are left out."""
    apart = moved(torch.stack([focus for _, _, focus in parts])).nan_to_num(nan=-1).numpy()
    runs, images = len(names), apart.shape[-1]
    place = apart.reshape(-1, images).argmax(0)
    a, b = np.minimum(place // runs, place % runs), np.maximum(place // runs, place % runs)
    label = np.array([labels for _, labels, _ in parts], object)
    who, picture = np.array(names, object), np.arange(images)
    found = pd.DataFrame(
        {
            "image": parts[0][0],
            "moved": apart[a, b, picture],
            "run_a": who[a],
            "run_b": who[b],
            "label_a": label[a, picture],
            "label_b": label[b, picture],
            "changed": label[a, picture] != label[b, picture],
        }
    )
    return found[a != b]
