"""The control of a region that fills so much of every picture that its shape has no room elsewhere.

Taking as many pixels elsewhere would take what the label is known by: around a face, the face. Where every
picture has the region, there is a fairer control: the same region in pictures of other labels, and what
these lose of their own label.
"""

import numpy as np
import pandas as pd

ROOM = 0.5
"""A region whose shape found a place in a smaller share of its trials is held against other labels."""
CELL = ["object", "label"]


def has_room(rows: pd.DataFrame) -> pd.Series:
    """Return for each object whether its shape found a place elsewhere in at least half of its trials."""
    return (rows["control"].astype(str) == "shape").groupby(rows["object"]).mean() >= ROOM


def under_other_labels(measured: pd.Series) -> pd.DataFrame:
    """Return `mean` and its standard `error` of the same region under other labels, by all of the index but the image.

    Every label counts alike, however often it was tried, if twice at least; NaN where no other label was.
    """
    names = [name for name in measured.index.names if name != "image"]
    of_label = measured.groupby(names, observed=True).agg(["mean", "var", "count"])
    known = of_label["count"] > 1
    parts = pd.DataFrame(
        {"mean": of_label["mean"], "error": of_label["var"] / of_label["count"], "labels": 1.0}
    )
    parts = parts.where(known, 0.0)
    region = parts.groupby([name for name in names if name != "label"], observed=True)
    others = region.transform("sum") - parts
    labels = others["labels"].where(others["labels"] > 0)
    return pd.DataFrame({"mean": others["mean"] / labels, "error": np.sqrt(others["error"]) / labels})


def held_against_labels(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Write the control by other labels into rows whose object has no room; return them, and which rows they are."""
    room = has_room(rows)
    by_labels = ~rows["object"].map(room).astype(bool)
    keys = [*CELL, "fill"]
    chosen = rows[by_labels].set_index([*keys, "image"])
    for name, control in (("effect", "effect_control"), ("flipped", "flipped_control")):
        under = under_other_labels(chosen[name])["mean"].rename("under")
        means = rows[keys].merge(under.reset_index(), "left", on=keys)["under"].to_numpy()
        rows = rows.assign(**{control: np.where(by_labels, means, rows[control].astype(float))})
    by_labels &= rows["effect_control"].notna()
    return rows, by_labels
