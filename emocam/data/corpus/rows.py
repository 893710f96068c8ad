"""What is known of the pictures of one shard before any is opened: where each lies, and its class."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("path", pa.large_binary()),  # the name of a picture in its shard, of whatever bytes
        ("group", pa.int32()),  # of Parquet: the row group
        ("start", pa.int64()),  # of a tar: the picture's first byte; of Parquet: its row in the group
        ("size", pa.int64()),  # bytes; -1 where they are not known
        ("stamp", pa.int64()),  # of an object: what changes when it is written to; 0 where nothing does
        ("truth", pa.string()),  # the class that the corpus gives it
        ("order", pa.int32()),  # places by the names' order, in which a name is looked up
    ]
)


def bytes_of_name(path: str) -> bytes:
    """Return a name as bytes whose order is that of the names, also of names that are no UTF-8."""
    return path.encode("utf-8", "surrogatepass")


def name_of_bytes(path: bytes) -> str:
    """Return the name that bytes of a listing stand for."""
    return path.decode("utf-8", "surrogatepass")


@dataclass
class ShardRows:
    """The pictures of one shard in their order, and `notes` of what a person should be told of it.

    `labels` are the names of its classes, where it says them, `left_out` files that are no pictures by ending.
    What is `cut` ends too early, or is damaged.
    """

    paths: list[str] = field(default_factory=list)
    group: Sequence[int] | np.ndarray = ()
    start: Sequence[int] | np.ndarray = ()
    size: Sequence[int] | np.ndarray = ()
    stamp: Sequence[int] | np.ndarray = ()
    truth: Sequence[str | None] = ()
    notes: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    cut: bool = False

    def table(self) -> pa.Table:
        """Return the rows as they are kept on disk."""
        count = len(self.paths)
        names = [bytes_of_name(path) for path in self.paths]
        order = np.array(sorted(range(count), key=names.__getitem__), np.int32)

        def column(values: Sequence[int] | np.ndarray, missing: int) -> np.ndarray:
            return np.asarray(values, np.int64) if len(values) else np.full(count, missing, np.int64)

        truth = self.truth if len(self.truth) else [None] * count
        columns = [
            pa.array(names, pa.large_binary()),
            pa.array(column(self.group, 0), pa.int64()).cast(pa.int32()),
            pa.array(column(self.start, 0)),
            pa.array(column(self.size, -1)),
            pa.array(column(self.stamp, 0)),
            pa.array(truth, pa.string()),
            pa.array(order),
        ]
        return pa.table(columns, schema=SCHEMA)
