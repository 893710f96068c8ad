"""Values that a network answers with, compared with the ratings of people."""

from typing import Any

import numpy as np

from emocam.callback.base import Finished
from emocam.results.agreement import columns_of_ratings, ratings_of, write_agreement
from emocam.results.files import PREDICTIONS
from emocam.results.parquet_file import read_frame


class ValueAgreement:
    """A callback that writes agreement.csv and figures where values have columns `truth_NAME`.

    A column `truth_NAME_reliability` gives a `ceiling`, the highest r that ratings of that reliability allow.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        columns = run.columns(PREDICTIONS)
        names = [name for name in run.value_names if f"truth_{name}" in columns]
        if not names:
            return {}
        wanted = columns_of_ratings(names, columns)
        rows = read_frame(run.file(PREDICTIONS), columns=wanted).astype(float)
        unit = finished.dependence.units(finished.occurrences.label)
        table, lines = write_agreement(run.path, ratings_of(rows, names), unit, self.seed)
        known = table["r"].to_numpy()[np.isfinite(table["r"])]
        mean = {"agreement_r": float(known.mean())} if len(known) else {}
        return {"agreement": lines, **mean}
