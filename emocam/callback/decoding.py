"""How well each label of a film is decoded from series of brain regions."""

from typing import Any

import numpy as np
import pandas as pd

from emocam.callback.base import Finished
from emocam.results.files import DECODING


class Decoding:
    """A callback that returns the AUC and p of each label of decoding.csv, and says them in words."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        file = finished.folder / DECODING
        if not file.is_file():
            return {}
        table = pd.read_csv(file)
        table["label"] = (
            finished.run.label_names
        )  # the file's begin with an apostrophe where a spreadsheet would compute
        return {
            "decoding": {row.label: {"auc": row.auc, "p": row.p} for row in table.itertuples()},
            "decoding_in_words": [decoded_sentence(row) for row in table.to_dict("records")],
        }


def decoded_sentence(row: dict[Any, Any]) -> str:
    """Return how well a label is decoded, by runs that were left out."""
    ends = "" if np.isnan(row["low"]) else f" ({row['low']:.2f} to {row['high']:.2f})"
    sure = "" if row["p"] < 0.05 else ", not above chance"
    runs = "one run" if row["runs"] == 1 else f"{row['runs']} runs"
    return f"{row['label']}: decoded with an AUC of {row['auc']:.2f}{ends} in {runs}, p {row['p']:.3f}{sure}"
