"""Tables of a run in which a picture may have many labels, read with a row for each picture and label.

In files `image` is the picture. Whoever counts, tests or shows reads pairs instead: `image` is then a key of
picture and label, and everything that holds for pictures of one label each holds for these.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emocam.results.files import HAS_CONFIDENCES, HAS_LABELS

BETWEEN = "\x1f"
"""Stands between picture and label in a key; no path that can be printed has it."""
NEEDED = (HAS_LABELS, HAS_CONFIDENCES)
"""Columns of predictions that pairs are made of."""


def picture_of(key: str) -> str:
    """Return the picture of a key; a picture is its own."""
    return key.partition(BETWEEN)[0]


def by_pair(predictions: pa.Table) -> pa.Table:
    """Return predictions with a row for each label that a picture has, in the order of the file."""
    lists = predictions[HAS_LABELS].combine_chunks()
    row = pc.list_parent_indices(lists)
    label = pc.list_flatten(lists)
    rows = predictions.drop_columns(list(NEEDED)).take(row)
    confidence = pc.list_flatten(predictions[HAS_CONFIDENCES].combine_chunks())
    for name, column in (("label", label.dictionary_encode()), ("confidence", confidence)):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, column) if place >= 0 else rows.append_column(name, column)
    return keyed(rows)


def keyed(rows: pa.Table) -> pa.Table:
    """Return rows whose `image` is the key of picture and label."""
    place = rows.schema.get_field_index("image")
    if place < 0:
        return rows
    names = [rows[name].cast(pa.string()) for name in ("image", "label")]
    return rows.set_column(place, "image", pc.binary_join_element_wise(*names, BETWEEN))


def pictures_as_groups(keys: pd.Series, group: pd.Series | None) -> pd.Series:
    """Return the group of each pair: its picture's, and by default the picture itself."""
    own = keys.map(picture_of)
    return own if group is None else group.where(group.notna(), own)


def picture_codes(keys: np.ndarray) -> np.ndarray:
    """Return the number of the picture (I,) of each key."""
    return np.unique([picture_of(str(key)) for key in keys], return_inverse=True)[1]
