"""The share of labels and of matrix cells in which each run differs from the first."""

import pyarrow as pa
import pyarrow.compute as pc
from torch import Tensor

from emocam.results.files import PREDICTIONS
from emocam.results.parquet_file import read_parquet
from emocam.results.run import Run


def labels_changed(runs: list[Run]) -> list[float]:
    """Return for each run the share of pictures whose label is not the first run's.

    All runs explained the same pictures in the same order.
    """
    first, *others = (_labels(run) for run in runs)
    return [0.0, *(pc.mean(pc.not_equal(first, other)).as_py() or 0.0 for other in others)]


def cells_changed(kept: Tensor) -> list[float]:
    """Return for each matrix of `kept` (M, O, L) the share of cells whose count is not the first's.

    Of the cells in which either counts any image.
    """
    counts = (kept > 0) | (kept[:1] > 0)
    changed = ((kept != kept[:1]) & counts).sum((1, 2))
    return [float(share) for share in changed / counts.sum((1, 2)).clamp(min=1)]


def _labels(run: Run) -> pa.ChunkedArray:
    return read_parquet(run.file(PREDICTIONS), columns=["label"])["label"].cast(pa.string())
