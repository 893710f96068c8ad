"""Every label of a film decoded from series of regions, a run left out at a time, beside labels moved along time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from emocam.errors import SettingError
from emocam.functional.series.attribution import activation_pattern, lime_matrix
from emocam.functional.series.decoder import Decoded, RunSeries, decode_label
from emocam.functional.series.shifted_labels import draw_shifts

Numbers = NDArray[np.float64]
FEWEST = 2
"""Runs in which a label is on at some volumes and off at others: one is left out, and another is learnt from."""


@dataclass(frozen=True)
class DecodedFilm:
    """The labels that could be decoded, with their decoders, of runs' series (T, R); `on` (T, L) are the labels."""

    labels: list[str]
    series: Sequence[Numbers]
    on: Sequence[NDArray[np.bool_]]
    decoded: Sequence[Decoded]

    def log_odds(self, run: int) -> Numbers:
        """Return each label's log-odds at a run's volumes (T, L), by decoders that did not see the run."""
        x = self.series[run]
        return np.stack([one.folds[run].log_odds(x) for one in self.decoded], 1)

    def shares(self, run: int, label: int) -> Numbers:
        """Return what each region adds to a label's log-odds at a run's volumes (T, R)."""
        return self.decoded[label].folds[run].shares(self.series[run])

    @cached_property
    def p(self) -> Numbers:
        """The share of moved labels (L,) that are decoded as well."""
        return np.array([_share_as_large(one.means) for one in self.decoded])

    @cached_property
    def region_p(self) -> Numbers:
        """The share of moved labels for which a region adds as much (R, L)."""
        return np.stack([_share_as_large(one.parts) for one in self.decoded], 1)

    def table(self) -> pd.DataFrame:
        """Return a row a label: how well it is decoded, by runs that were left out."""
        rows = []
        for label, one, p in zip(self.labels, self.decoded, self.p, strict=True):
            known = one.auc[0][np.isfinite(one.auc[0])]
            low, high = run_interval(known)
            rows.append((label, float(known.mean()), low, high, float(p), len(known)))
        return pd.DataFrame(rows, columns=["label", "auc", "low", "high", "p", "runs"])


def decode_film(
    labels: Sequence[str],
    series: Sequence[Numbers],
    on: Sequence[NDArray[np.bool_]],
    draws: tuple[int, int],
    seed: int,
) -> tuple[DecodedFilm, list[str]]:
    """Decode all labels that can be; also return a sentence on those that cannot.

    `draws` are how often labels are moved to ask for AUC, and for what regions add.
    """
    both = np.array([each.any(0) & ~each.all(0) for each in on]).sum(0)
    kept = [place for place in range(len(labels)) if both[place] >= FEWEST]
    if not kept:
        raise SettingError(
            f"data.timeline: none of {len(labels)} words is on and off in {FEWEST} runs or more, so nothing can be "
            "decoded; lower timeline.agreement, or give more runs"
        )
    notes = []
    if left := [name for place, name in enumerate(labels) if place not in kept]:
        notes.append(
            f"not decoded, since they are on and off in fewer than {FEWEST} runs: {', '.join(left[:8])}"
            + (f" and {len(left) - 8} more" if len(left) > 8 else "")
        )
    runs = RunSeries(series)
    shifts = draw_shifts([len(x) for x in series], max(draws), seed)
    decoded = [decode_label(runs, [each[:, place] for each in on], shifts, draws[0] + 1) for place in kept]
    film = DecodedFilm([labels[place] for place in kept], series, [each[:, kept] for each in on], decoded)
    return film, notes


def run_interval(auc: Numbers) -> tuple[float, float]:
    """Return the 95 % interval of the mean AUC of runs (n,), by their own spread; NaN of a single one."""
    if len(auc) < 2:
        return np.nan, np.nan
    half = student.ppf(0.975, len(auc) - 1) * auc.std(ddof=1) / np.sqrt(len(auc))
    return float(max(0, auc.mean() - half)), float(min(1, auc.mean() + half))


def _share_as_large(values: Numbers) -> Numbers:
    """Return p of the first row of statistics (S, ...) among all, itself included."""
    return np.asarray((values >= values[0]).sum(0) / len(values))


def own_correlation(series: Numbers, on: NDArray[np.bool_]) -> Numbers:
    """Return the correlation of each series (T, R) with a label (T,)."""
    label = on - on.mean()
    centred = series - series.mean(0)
    size = np.sqrt((centred**2).sum(0) * (label**2).sum())
    return np.asarray(label @ centred / np.where(size > 0, size, 1))


def region_table(film: DecodedFilm, regions: Sequence[str], seed: int) -> pd.DataFrame:
    """Return a row a region and label: exact shares where the label is on, LIME's, weight, pattern and r.

    `share` is in log-odds; `r` is the region's own correlation with the label, which needs no decoder.
    """
    lime = lime_matrix(len(regions), seed)
    everything, parts = np.concatenate(film.series), []
    for place, (label, one) in enumerate(zip(film.labels, film.decoded, strict=True)):
        weights = np.mean([fold.weights for fold in one.folds], axis=0)
        on = np.concatenate([each[:, place] for each in film.on])
        shares = one.parts[0]
        parts.append(
            pd.DataFrame(
                {
                    "region": list(regions),
                    "label": label,
                    "share": shares,
                    "lime": lime @ shares,
                    "weight": weights,
                    "pattern": activation_pattern(everything, weights),
                    "r": own_correlation(everything, on),
                    "p": film.region_p[:, place],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
