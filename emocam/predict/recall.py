"""What a data set found out for a finished run, given back to it."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from emocam.data.base import Data
from emocam.results.files import LEDGER, parquet
from emocam.results.parquet_file import has_table, read_parquet


def recall(data: Data, folders: Sequence[Path]) -> None:
    """Give the data the images and own tables of finished runs, where it would have to look for them again."""
    files = {name: [folder / parquet(name) for folder in folders] for name in data.recalls}
    if not files or not all(has_table(file) for of_name in files.values() for file in of_name):
        return
    ledgers = [read_parquet(folder / parquet(LEDGER), columns=["image"]) for folder in folders]
    images = [str(image) for ledger in ledgers for image in ledger["image"].to_pylist()]
    data.recall(
        images,
        {name: pa.concat_tables([read_parquet(file) for file in of_name]) for name, of_name in files.items()},
    )
