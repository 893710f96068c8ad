"""What observers say at a run's frames: labels with their agreement, tables, and films beyond their timeline."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from emocam.callback.observers import Observers, agreement_of
from emocam.data.video import Video
from emocam.errors import SettingError
from emocam.results.observers import read_observers
from emocam.results.parquet_file import read_frame
from tests.callback.film_runs import film_run, write_films

pytest.importorskip("av")
ROWS = """start,end,emotion,observer,film
0,0.2,joy,ann,a.mp4
0.1,0.4,joy,bob,a.mp4
0.12,9,fear,bob,a.mp4
0.12,2.55,fear,cid,a.mp4
50,60,joy,cid,a.mp4
0,2,label,ann,b/two.mp4
"""


@pytest.fixture
def films(tmp_path: Path) -> Path:
    write_films(tmp_path / "films")
    (tmp_path / "said.csv").write_text(ROWS)
    (tmp_path / "run").mkdir()
    return tmp_path / "films"


def test_a_frame_s_label_is_what_most_say_while_it_is_shown(films: Path) -> None:
    video = Video(root=films, every=None, timeline=str(films.parent / "said.csv"))
    assert video.labels == ["fear", "joy", "label"]
    video.prepare()
    truth = {path: video.known(path)["truth"] for path in video.paths()}
    # the usual step is .1 s: of three observers two say joy from .1 to .2, and fear from .12 to 2.55
    assert list(truth.values()) == ["", "fear", "fear", "fear", "fear", "", "label", "label", ""]
    assert video.shares["a.mp4"].share[1].tolist() == pytest.approx(
        [2 / 3, 2 / 3, 0]
    )  # the first of two as many
    notes = [note for note in video.notes if "begin after" in note]
    assert notes == ["data.timeline: 1 of 5 events begin after the end of a.mp4"]
    named = replace(video, none="nothing", agreement=0.7)
    assert named.labels == ["fear", "joy", "label", "nothing"]
    assert [named.known(path)["truth"] for path in named.paths()] == ["nothing"] * 6 + [
        "label",
        "label",
        "nothing",
    ]


def test_films_of_other_observers_are_told_and_left_out_of_the_agreement(films: Path) -> None:
    more = "".join(f"{start},{start + 0.1},joy,ann,b/two.mp4\n" for start in range(3))
    said = films.parent / "said.csv"
    said.write_text(
        ROWS.replace("b/two.mp4", "a.mp4").replace("a.mp4", "b/two.mp4", 5) + more.replace("ann", "dan")
    )
    video = Video(root=films, every=None, timeline=str(said))
    video.prepare()
    assert video.agreed == ["b/two.mp4"]  # of a.mp4 one observer speaks, who agrees with nobody
    assert [note for note in video.notes if "not the same" in note] == [
        "data.timeline: not the same observers speak of all films; their agreement is that of 4 on b/two.mp4, "
        "without a.mp4"
    ]


def test_tables_say_who_said_what_and_how_far_they_agree(films: Path) -> None:
    finished = film_run(films.parent / "run", films)
    data = Video(root=films, every=None, timeline=str(films.parent / "said.csv"))
    entries = Observers(resamples=50).on_run_end(replace(finished, data=data))
    assert entries == {"observers": 3, "observed_frames": 6}
    rows = read_frame(finished.folder / "observers.parquet")
    assert rows.columns.tolist() == [
        "image",
        "source",
        "time",
        "label",
        "confidence",
        "fear",
        "joy",
        "label (label)",
    ]
    assert rows["image"].tolist() == read_frame(finished.run.file("predictions"))["image"].tolist()
    assert rows["confidence"].tolist() == pytest.approx([1 / 3, *[2 / 3] * 4, 1 / 3, 1, 1, 0])
    read = read_observers(finished.folder)
    assert read is not None
    assert read.words == ["fear", "joy", "label (label)"]
    agreement = pd.read_csv(finished.folder / "agreement.csv")
    assert agreement.columns.tolist() == ["emotion", "share", "alpha", "low", "high", "split_half"]
    assert agreement["emotion"].tolist() == ["fear", "joy", "label"]
    assert agreement["share"].tolist()[0] == pytest.approx(2 / 3)
    assert Observers().on_run_end(finished) == {}


def test_one_observer_agrees_with_nobody() -> None:
    import numpy as np

    row = agreement_of("joy", np.array([[True, False, True]]), 10, 0)
    assert row["share"] == 1
    assert all(np.isnan(row[name]) for name in ("alpha", "low", "high", "split_half"))


def test_settings_that_cannot_be_are_told_before_the_work(films: Path) -> None:
    said = str(films.parent / "said.csv")
    with pytest.raises(SettingError, match=r"data\.timeline must be a file or a folder, and there is no"):
        Video(root=films, timeline="nowhere.csv")
    with pytest.raises(SettingError, match=r"timeline\.agreement must be in \[0, 1\), got 1\.5"):
        Video(root=films, timeline=said, agreement=1.5)
    with pytest.raises(SettingError, match=r"timeline\.none 'joy' is a word of the observers"):
        Video(root=films, timeline=said, none="joy")
