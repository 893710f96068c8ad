"""What observers say of a run's films: at each of its frames, and how far they agree."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.callback.base import Finished, checked_draws
from emocam.data.address import Address
from emocam.data.observed import said_at, whole_seconds
from emocam.data.printed import printable
from emocam.data.video import Video
from emocam.functional.statistics.observer_agreement import alpha_interval, krippendorff_alpha, split_halves
from emocam.results.files import AGREEMENT, AGREEMENT_OBSERVERS, OBSERVERS, PREDICTIONS, parquet
from emocam.results.observers import shares_columns
from emocam.results.parquet_file import read_frame, write_frame
from emocam.results.spreadsheet import write_csv

RESAMPLES = 2_000


class Observers:
    """A callback that writes observers.parquet, observers.csv and agreement.csv of films with a timeline."""

    def __init__(self, resamples: int = RESAMPLES, seed: int = 0) -> None:
        self.resamples = checked_draws("callback.observers.resamples", resamples)
        self.seed = seed

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        data = finished.data
        if not isinstance(data, Video) or data.timeline is None:
            return {}
        rows = observer_rows(data, set(read_frame(finished.run.file(PREDICTIONS), ["image"])["image"]))
        write_frame(rows, finished.folder / parquet(OBSERVERS))
        write_csv(rows, finished.folder / f"{OBSERVERS}.csv", index=False)
        # numbers of pictures that people gave have an agreement.csv of their own
        numbers = any(name.startswith("truth_") for name in finished.run.columns(PREDICTIONS))
        name = AGREEMENT_OBSERVERS if numbers else AGREEMENT
        write_csv(agreement_rows(data, self.resamples, self.seed), finished.folder / name, index=False)
        labelled = int((rows["label"] != (data.none or "")).sum())
        return {"observers": len(data.observed.observers), "observed_frames": labelled}


def observer_rows(data: Video, images: set[str]) -> pd.DataFrame:
    """Return what is said at the frames that the run has a prediction of, a row a frame."""
    parts = []
    for film, shares in data.shares.items():
        names = [printable(str(Address(film, time))) for time in shares.time.tolist()]
        labels = list(data.observed_labels[film].values())
        said = shares.labels(-1.0)
        highest = shares.share[np.arange(len(names)), said] if shares.share.size else np.zeros(len(names))
        part = pd.DataFrame({"image": names, "source": film, "time": shares.time, "label": labels})
        part["confidence"] = highest
        columns = dict(zip(shares_columns(data.observed.words), shares.share.T, strict=True))
        parts.append(part.assign(**columns)[part["image"].isin(images)])
    return pd.concat(parts, ignore_index=True)


def agreement_rows(data: Video, resamples: int, seed: int) -> pd.DataFrame:
    """Return how far observers agree on each word, by the seconds of the films that the same of them saw."""
    saw = [data.observed.of_film(film) for film in data.agreed]
    said = [said_at(events, *whole_seconds(_duration(data, events.films[0]))) for events in saw]
    words, observers = data.observed.words, len(saw[0].observers) if saw else 0
    rows = []
    for place, word in enumerate(words):
        one = np.concatenate([part[place] for part in said], 1) if said else np.zeros((observers, 0), bool)
        rows.append(agreement_of(word, one, resamples, seed))
    return pd.DataFrame(rows, columns=["emotion", "share", "alpha", "low", "high", "split_half"])


def agreement_of(word: str, said: NDArray[np.bool_], resamples: int, seed: int) -> dict[str, Any]:
    """Return the figures of a word that observers (R, T) say in seconds.

    Its share is the mean share of observers, over the seconds in which anybody says it.
    """
    observers = len(said)
    count = said.sum(0)
    anyone = count[count > 0]
    alpha = low = high = np.nan
    if observers > 1:
        alpha = krippendorff_alpha(count, observers)
        low, high = alpha_interval(count, observers, 1.0, resamples, seed)
    return {
        "emotion": word,
        "share": float(anyone.mean() / observers) if len(anyone) else np.nan,
        "alpha": alpha,
        "low": low,
        "high": high,
        "split_half": split_halves(said)[0] if said.size else np.nan,
    }


def _duration(data: Video, film: str) -> float:
    """Return a film's seconds, its last frame with them."""
    times = data.films[film].times
    return float(times[-1] + (times[-1] - times[-2] if len(times) > 1 else 1.0))
