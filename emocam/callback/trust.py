"""Which method, layer and threshold to believe, from what every method weighed and what taking away did."""

from typing import Any

import numpy as np

from emocam.callback.base import Finished
from emocam.cells.dependence import PICTURES
from emocam.cells.trust import find_trust
from emocam.cells.verdict import Rules
from emocam.plot.trust import trust_figure
from emocam.results.files import EFFECT, PREDICTIONS, TRUST
from emocam.results.parquet_file import read_parquet
from emocam.results.spreadsheet import write_csv


class Trust:
    """A callback that writes trust.csv and trust.png where a run has trust.parquet."""

    def __init__(self, rules: Rules | None = None, seed: int = 0) -> None:
        self.rules, self.seed = rules or Rules(), seed

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        if not run.file(TRUST).is_file():
            return {}
        images = read_parquet(run.file(PREDICTIONS), columns=["image"])["image"].to_pylist()
        dependence = finished.dependence
        units = None
        if dependence.rule != PICTURES:
            of = dependence.units(finished.occurrences.label)
            units = {image: int(unit) for image, unit in zip(images, of, strict=True)}
        rules = self.rules.for_values(bool(run.value_names))
        found = find_trust(
            run.file(TRUST), run.file(EFFECT), units, rules.effect or 0.0, len(images), self.seed
        )
        write_csv(found.table, run.path / f"{TRUST}.csv", index=False)
        entries: dict[str, Any] = {"recommendation": found.recommendation, "trust_pictures": found.pictures}
        entries["trust_notes"] = [*([found.warning] if found.warning else []), *found.notes]
        best = found.best or {}
        for name in ("faithfulness", "low", "high", "chance_level", "stability", "sanity", "threshold"):
            value = best.get(name)
            entries[f"trust_{name}"] = None if value is None or np.isnan(value) else float(value)
        entries["trust_methods"] = len(found.table)
        entries["trust_above_controls"] = int(
            ((found.table["q"] < 0.05) & (found.table["above_low"] > 0)).sum()
        )
        if found.truth is not None:
            entries |= {
                "trust_as_truth": found.truth.value,
                "trust_as_truth_low": found.truth.low,
                "trust_as_truth_high": found.truth.high,
                "trust_as_truth_rows": found.truth.rows,
            }
        if len(found.table):
            trust_figure(found.table).savefig(run.path / f"{TRUST}.png")
        return entries
