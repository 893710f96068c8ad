"""The points of a run's pictures: what the explained layer gave of each, or what the network answered."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emocam.errors import SettingError
from emocam.results.files import FEATURES, PREDICTIONS
from emocam.results.parquet_file import has_table, read_parquet
from emocam.results.run import Run

LEAST = 10
"""Pictures of which something like a shape can be drawn."""
LAYER, VALUES = "features", "values"


def read_points(run: Run, of: str) -> NDArray[np.float32]:
    """Return the points (I, D) of the pictures with a prediction, in its order."""
    points = _features(run) if of == LAYER else _answers(run)
    if len(points) < LEAST:
        raise SettingError(
            f"RUN {run.path} has {len(points)} pictures with a prediction, and {LEAST} are needed"
        )
    if not (points.std(0) > 0).any():
        raise SettingError(f"RUN {run.path}: all pictures have the same {of}, so there is nothing to draw")
    return points


def read_small_pictures(folder: Path) -> list[bytes] | None:
    """Return each picture, small, as a JPEG file; None where the run kept none."""
    file = folder / f"{FEATURES}.parquet"
    if not has_table(file):
        return None
    return list(read_parquet(file, columns=["picture"])["picture"].to_pylist())


def _features(run: Run) -> NDArray[np.float32]:
    file = run.file(FEATURES)
    if not has_table(file):
        raise SettingError(
            f"RUN {run.path} has no {file.name}; make the run with features=true, or take --of values, which asks "
            "for nothing"
        )
    table = read_parquet(file, columns=["image", "features"])
    images = read_parquet(run.file(PREDICTIONS), columns=["image"])["image"]
    if table["image"].cast(pa.string()).to_pylist() != images.cast(pa.string()).to_pylist():
        raise SettingError(f"RUN {run.path}: {file.name} is not of the pictures of predictions.parquet")
    return _rows(table["features"])


def _answers(run: Run) -> NDArray[np.float32]:
    """Return the answers, each in its own standard deviations: none outweighs the others by its unit."""
    answers = _rows(read_parquet(run.file(PREDICTIONS), columns=["logits"])["logits"])
    spread = answers.std(0)
    return ((answers - answers.mean(0)) / np.where(spread > 0, spread, 1)).astype(np.float32)


def _rows(column: pa.ChunkedArray) -> NDArray[np.float32]:
    values = column.combine_chunks()
    return values.flatten().to_numpy(zero_copy_only=False).reshape(len(values), -1).astype(np.float32)
