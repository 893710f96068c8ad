"""What each run answers otherwise than the first: of the pictures' labels, and of the matrix's cells."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from torch import Tensor

from emocam.results.run import Run


def labels_changed(runs: list[Run]) -> list[float]:
    """The share of pictures whose label is not the first run's; all runs explained the same, in one order."""
    first, *others = (_labels(run) for run in runs)
    return [0.0, *(pc.mean(pc.not_equal(first, other)).as_py() or 0.0 for other in others)]


def cells_changed(kept: Tensor) -> list[float]:
    """Of the matrices kept (M, O, L), the share of cells with another count, where either counts any."""
    counts = (kept > 0) | (kept[:1] > 0)
    changed = ((kept != kept[:1]) & counts).sum((1, 2))
    return [float(share) for share in changed / counts.sum((1, 2)).clamp(min=1)]


def _labels(run: Run) -> pa.ChunkedArray:
    return pq.read_table(run.path / "predictions.parquet", columns=["label"])["label"].cast(pa.string())
