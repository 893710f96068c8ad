"""The number of pictures from which on the ranking of objects stays the same."""

from typing import Any

import pandas as pd

from emocam.callback.base import Finished, checked_draws
from emocam.cells.dependence import PICTURES
from emocam.cells.occurrences import LEFT_OUT, read_occurrences
from emocam.functional.statistics.stability import Agreement, agreement
from emocam.plot.save import save_png
from emocam.plot.stability import stability_figure
from emocam.results.spreadsheet import write_csv

MOST = 1_000_000
"""The most pictures that are drawn from, of a run in parts its first; they are compared with all."""


class Stability:
    """A callback that writes stability.csv and stability.png, in which parts are compared with all pictures."""

    def __init__(self, draws: int = 30, seed: int = 0) -> None:
        self.draws = checked_draws("callback.stability.draws", draws)
        self.seed = seed

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        dependence = finished.dependence
        counts, whole = finished.counts, None
        if finished.sums is not None and counts.images.sum() > MOST and dependence.rule == PICTURES:
            # each part is a fair sample of the corpus, and the sums know the whole
            occurrences = read_occurrences(run, finished.thresholds, MOST)
            whole = counts.percent.numpy(), int(counts.images.sum())
        else:
            occurrences = finished.occurrences
        sure = occurrences.label != LEFT_OUT
        place = sure.cumsum() - 1  # among the images that count
        pairs = occurrences.kept & sure[occurrences.image]
        shape = (len(run.object_names), len(run.label_names))
        image = place[occurrences.image[pairs]]
        object = occurrences.object[pairs]
        unit = None if dependence.rule == PICTURES else dependence.units(occurrences.label)[sure]
        shared = agreement(image, object, occurrences.label[sure], shape, self.draws, self.seed, unit, whole)
        if not shared.top:
            return {"stable_from": None, "stable_top": 0}
        table = stability_table(shared)
        write_csv(table, finished.folder / "stability.csv", index=False)
        figure = stability_figure(table, shared.top, shared.stable_from)
        save_png(figure, finished.folder / "stability.png")
        return {"stable_from": shared.stable_from, "stable_top": shared.top}


def stability_table(shared: Agreement) -> pd.DataFrame:
    """Return one row per size: the share of the top in common on average and in the worst and best tenth of draws."""
    low, high = pd.DataFrame(shared.overlap).quantile([0.1, 0.9], axis=1).to_numpy()
    return pd.DataFrame(
        {
            "images": shared.sizes,
            "draws": shared.overlap.shape[1],
            "overlap": shared.overlap.mean(1),
            "overlap_low": low,
            "overlap_high": high,
            "same": (shared.overlap == 1).mean(1),
            "strongest": shared.strongest.mean(1),
        }
    )
