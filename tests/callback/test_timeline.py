"""What the network answers along films: the table, its seconds of overlay.mp4, and the picture."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emocam.callback.base import Finished
from emocam.callback.timeline import FilmTimeline
from emocam.records.timeline import gaps
from emocam.results.parquet_file import read_frame, read_parquet
from emocam.results.timeline import read_timeline, timeline_table
from tests.callback.film_runs import TIMES, film_run, write_films

pytest.importorskip("av")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("timeline")
    write_films(folder / "films")
    (folder / "run").mkdir()
    done = film_run(folder / "run", folder / "films")
    assert FilmTimeline().on_run_end(done) == {"films": 2, "film_frames": 9}
    return done


def test_each_frame_has_its_odds_and_the_importance_of_its_strongest_regions(finished: Finished) -> None:
    rows = read_frame(finished.folder / "timeline.parquet")
    assert rows["image"].tolist() == [f"{film}#t={t:.6f}" for film, times in TIMES.items() for t in times]
    assert rows["source"].tolist() == ["a.mp4"] * 6 + ["b/two.mp4"] * 3
    assert rows["time"].tolist() == [time for times in TIMES.values() for time in times]
    assert rows["face"].isna().all()
    for number, row in rows.iterrows():
        sure = 1 / (1 + math.exp(-(1 + number / 8)))  # of two logits one is 0
        label = ["time", "Awe"][number % 2]
        assert row["label"] == label
        named = {"time": "time (label)", "Awe": "Awe"}  # a label that is called like a column
        assert row[named[label]] == pytest.approx(sure, abs=1e-6)
        assert row["time (label)"] + row["Awe"] == pytest.approx(1)
        assert row["importance of cake"] == pytest.approx(number / 10)
        house = row["importance of =house"]
        assert math.isnan(house) if number % 2 else house == pytest.approx(number / 10)
    assert list(rows.columns[-2:]) == [
        "importance of cake",
        "importance of =house",
    ]  # the most frequent first


def test_a_row_says_where_the_film_of_all_shows_it(finished: Finished) -> None:
    shown = read_frame(finished.folder / "timeline.parquet")["shown"].tolist()
    first, second = shown[:6], shown[6:]
    assert first == pytest.approx(TIMES["a.mp4"])
    assert np.diff(second).tolist() == pytest.approx([0.5, 0.5])  # the film's own steps
    assert second[0] >= first[-1] + 0.5


def test_the_table_is_read_as_it_was_written_and_the_sheet_is_safe(finished: Finished) -> None:
    timeline = read_timeline(finished.folder)
    assert timeline is not None
    assert timeline_table(timeline).equals(read_parquet(finished.folder / "timeline.parquet"))
    assert [(lane.name, len(lane.rows)) for lane in timeline.lanes] == [("a.mp4", 6), ("b/two.mp4", 3)]
    sheet = pd.read_csv(finished.folder / "timeline.csv")
    assert sheet["importance of cake"].tolist() == pytest.approx([number / 10 for number in range(9)])
    assert gaps(timeline.time[timeline.lanes[0].rows]).tolist() == [3]  # .15 s, then 2.2
    assert (finished.folder / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_films_that_are_gone_leave_a_timeline_without_places_in_the_film(tmp_path: Path) -> None:
    write_films(tmp_path / "films")
    (tmp_path / "run").mkdir()
    done = film_run(tmp_path / "run", tmp_path / "films", explained=False)
    (tmp_path / "films/a.mp4").unlink()
    assert FilmTimeline().on_run_end(done)["films"] == 2
    timeline = read_timeline(tmp_path / "run")
    assert timeline is not None
    assert np.isnan(timeline.shown).tolist() == [True] * 6 + [False] * 3
    assert timeline.importance[:, 0].tolist() == [0.75] * 9  # scores, without a CAM
    assert not timeline.explained
    assert FilmTimeline().on_run_end(replace(done, data=None))["film_frames"] == 9
