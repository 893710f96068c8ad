"""Events of observers, recognised by content: what is read, what is told, and what is refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest

from emocam.data.annotations.timeline.events import EventReader
from emocam.errors import SettingError
from emocam.records.observers import ObservedEvents

STUDYFORREST = Path(__file__).parents[5] / "shared/data/studyforrest"
HEAD = "start,end,character,arousal,valence,direction,emotion,oncue,offcue"


def read(
    place: Path, films: list[str] | None = None, rate: float = 25, column: str | None = None
) -> ObservedEvents:
    return EventReader(films or ["a.mp4"], lambda: rate, column).read(place)


def rows_of(events: ObservedEvents) -> list[tuple[float, float, str, str]]:
    named = zip(events.start.tolist(), events.end.tolist(), events.observer, events.word, strict=True)
    return [
        (start, end, events.observers[observer], events.words[word]) for start, end, observer, word in named
    ]


@pytest.mark.skipif(not STUDYFORREST.is_dir(), reason="needs the annotations of StudyForrest")
def test_the_published_files_are_read_whole() -> None:
    reader = EventReader(["gump.mkv"], lambda: 25)
    events = reader.read(STUDYFORREST / "emotions")
    assert len(events.observers) == 12
    assert len(events.words) == 22
    unnamed = sum(
        int(note.split(": ")[1].split(" of")[0].replace(",", "")) for note in reader.notes if "named" in note
    )
    assert unnamed == 1_648 + 26
    of_one = [row for row in rows_of(events) if row[2] == "av1o02"]
    assert of_one[0][:2] == (of_one[0][0], of_one[0][1])
    assert {word for *_, word in of_one} <= set(events.words)


def test_several_words_of_a_cell_are_several_events_and_a_wrong_word_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_bytes(
        f"{HEAD}\r\n1.0,3.0,MAN,LOW,POS,SELF,LOVE SADNESS,FACE,SCENEEND\r\n2,4,MAN,LOW,POS,SELF,,,\r\n".encode()
    )
    assert rows_of(read(file)) == [(1, 3, "one", "LOVE"), (1, 3, "one", "SADNESS")]
    assert rows_of(read(file, column="oncue")) == [(1, 3, "one", "FACE")]
    file.write_text(f"{HEAD}\n1,3,MAN,LOW,POS,SELF,FEAR,,\n1,3,MAN,LOW,POS,SELF,FEAR ANGER-RAGE,,\n")
    with pytest.raises(
        SettingError, match=r"line 3 says 'ANGER-RAGE', .*no word of StudyForrest; did you mean ANGERRAGE"
    ):
        read(file)


def test_bids_events_and_plain_tables_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("onset\tduration\ttrial_type\n0.5\t2\tjoy\n3\t0\tn/a\n4\t1.5\tfear\n")
    assert rows_of(read(tmp_path / "a.tsv")) == [(0.5, 2.5, "a", "joy"), (4, 5.5, "a", "fear")]
    (tmp_path / "b.csv").write_text(
        "Start;End;Emotion;Observer;Film\n0:00:01;0:01:02.500;joy;Zoë;a.mp4\n1:01;1:00:00:05;=joy;Ann;b/c.mp4\n"
    )
    events = read(tmp_path / "b.csv", ["a.mp4", "b/c.mp4"])
    assert rows_of(events) == [(1, 62.5, "Zoë", "joy"), (61, 3600.2, "Ann", "=joy")]
    assert events.film.tolist() == [0, 1]
    other = events.of_film("b/c.mp4")
    assert (other.observers, other.start.tolist(), other.words) == (["Ann"], [61.0], ["=joy", "joy"])
    (tmp_path / "c.csv").write_text("start,end,mood\n1,2,calm\n")
    assert rows_of(read(tmp_path / "c.csv")) == [(1, 2, "c", "calm")]


def test_a_folder_is_a_file_an_observer_and_latin_1_is_told(tmp_path: Path) -> None:
    (tmp_path / "ann.csv").write_text("start,end,emotion\n1,2,joy\n1.5,3,joy\n2.5,4,joy\n")
    (tmp_path / "bob.csv").write_bytes("start,end,emotion\n1,2,gaîté\n".encode("latin-1"))
    (tmp_path / "notes.md").write_text("no table")
    reader = EventReader(["a.mp4"], lambda: 25)
    assert reader.read(tmp_path).words == ["gaîté", "joy"]
    assert reader.notes == [
        "bob.csv is no UTF-8, and was read as Latin-1",
        "2 of 4 events overlap another of the same observer and word, who says so once at a time",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "start,end,emotion\n1,2,joy\n5,4,joy\n",
            r"line 3 must be an event that ends after its start, 5 s, got 4\.0",
        ),
        ("start,end,emotion\n1,x,joy\n", r"line 2, end must be seconds, H:MM:SS, .* got 'x'"),
        ("start,end,emotion\n0:61:00,1:02:00,joy\n", r"line 2, start must be seconds"),
        ("start,end,emotion\n-1,2,joy\n", r"line 2, start must be 0 or later, got '-1'"),
        ("start,end,emotion\n0:00:01:25,2,joy\n", r"line 2, start must be of fewer than 25 frames"),
        ("start,emotion\n1,joy\n", r"the header must be one with a column duration or end or offset"),
        (
            "begin,end,a,b\n1,2,x,y\n",
            r"must have a column of words .*, got begin, end, a, b; timeline\.column=NAME",
        ),
        ("start,end,emotion\n1,2,\n", r"names no event"),
        (
            "start,end,emotion,film\n1,2,joy,b.mp4\n",
            r"film must be one below data\.root \(did you mean a\.mp4\?\)",
        ),
        ("start,end,emotion,observer\n1,2,joy,\n", r"line 2, observer must be not empty"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "one.csv").write_text(text)
    with pytest.raises(SettingError, match=message) as fault:
        read(tmp_path / "one.csv")
    assert str(fault.value).startswith("data.timeline ")
    assert "\n" not in str(fault.value)


def test_films_rates_and_columns_that_are_not_known_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("start,end,emotion\n0:00:01:03,2,joy\n")
    with pytest.raises(SettingError, match=r"counts frames \(0:00:01:03\), and the film's rate is not known"):
        read(tmp_path / "one.csv", rate=0)
    with pytest.raises(SettingError, match=r"has no column film, and data\.root holds 2 films"):
        read(tmp_path / "one.csv", ["a.mp4", "b.mp4"])
    with pytest.raises(SettingError, match=r"timeline\.column 'emotoin' is no column .*did you mean emotion"):
        read(tmp_path / "one.csv", column="emotoin")
    with pytest.raises(SettingError, match=r"holds no table; expected files ending in \.csv"):
        (tmp_path / "empty").mkdir()
        read(tmp_path / "empty")


def test_many_events_are_read_in_seconds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 7000, 50_000)
    rows = [
        f"{s:.3f},{s + 2:.3f},{'joy' if i % 3 else 'fear'},o{i % 9}" for i, s in enumerate(start.tolist())
    ]
    (tmp_path / "many.csv").write_text("\n".join(["start,end,emotion,observer", *rows]))
    events = read(tmp_path / "many.csv")
    assert len(events) == 50_000
    assert events.start == pytest.approx(np.round(start, 3))
