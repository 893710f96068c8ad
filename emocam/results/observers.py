"""observers.parquet: what observers say at the frames of a run's films."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emocam.results.files import OBSERVERS, parquet
from emocam.results.parquet_file import read_parquet

KEPT = ("image", "source", "time", "label", "confidence")


def shares_columns(words: list[str]) -> list[str]:
    """Return the names of the words' columns: a word that is called like another column has a word more."""
    return [f"{word} (label)" if word in KEPT else word for word in words]


@dataclass(frozen=True)
class ObserverRows:
    """N frames with their film and second, and the shares (N, W) of observers who say each word."""

    source: list[str]
    time: NDArray[np.float64]
    share: NDArray[np.float64]
    words: list[str]


def read_observers(folder: Path) -> ObserverRows | None:
    """Read what observers say of a run's films; None where nobody was asked."""
    file = folder / parquet(OBSERVERS)
    if not file.is_file():
        return None
    table: pa.Table = read_parquet(file)
    words = table.column_names[len(KEPT) :]
    columns = [table[word].to_numpy() for word in words]
    share = np.stack(columns, 1).astype(float) if columns else np.zeros((len(table), 0))
    return ObserverRows(table["source"].to_pylist(), table["time"].to_numpy(), share, list(words))
