"""What the network answers along a film: a table, a CSV file and a picture."""

from dataclasses import replace
from typing import Any

import numpy as np

from emocam.callback.base import Finished
from emocam.callback.film_frames import film_frames
from emocam.plot.timeline import timeline_figure
from emocam.records.timeline import Timeline
from emocam.results.files import TIMELINE
from emocam.results.spreadsheet import write_csv
from emocam.results.timeline import (
    MOST_OBJECTS,
    gather_timeline,
    is_over_films,
    timeline_table,
    write_timeline,
)


class FilmTimeline:
    """A callback that writes timeline.parquet, timeline.csv and timeline.png of a run over films.

    One row a frame, or a face in it, by the film's own seconds, with the probability of each label and the
    importance of the objects that count most often.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        if not is_over_films(finished.run):
            return {}
        timeline = timeline_of(finished)
        write_timeline(timeline, finished.folder)
        write_csv(timeline_table(timeline).to_pandas(), finished.folder / f"{TIMELINE}.csv", index=False)
        timeline_figure(timeline).savefig(finished.folder / f"{TIMELINE}.png")
        frames = len(set(zip(timeline.source, timeline.time.tolist(), strict=True)))
        return {"films": len(set(timeline.source)), "film_frames": frames}


def timeline_of(finished: Finished) -> Timeline:
    """Read the timeline of a run over films, with the second of overlay.mp4 at which each row is seen."""
    timeline = gather_timeline(finished.run, finished.thresholds, most_counted_objects(finished))
    films = {film.source: film for film in film_frames(finished.data, timeline.source, timeline.time)}
    shown = np.full(len(timeline), np.nan)
    source = np.array(timeline.source, object)
    for name, film in films.items():
        rows = source == name
        shown[rows] = film.shown_at(timeline.time[rows])
    return replace(timeline, shown=shown)


def most_counted_objects(finished: Finished) -> list[int]:
    """Return the objects that count in most images, the most frequent first; those that are present where none does."""
    kept = finished.counts.counts.sum(1).numpy()
    present = finished.counts.present.sum(1).numpy()
    often = kept if kept.any() else present
    order = np.lexsort((np.arange(len(often)), -present, -often))
    return [int(number) for number in order[:MOST_OBJECTS] if often[number] > 0]
