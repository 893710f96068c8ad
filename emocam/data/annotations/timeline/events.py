"""Events of observers from files, recognised by what is in them: StudyForrest, BIDS events, or a plain table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from emocam.data.annotations.rows import UTF8, find_column, is_parquet, place, read_rows, texts
from emocam.data.annotations.source import Source
from emocam.data.annotations.timeline import studyforrest
from emocam.data.annotations.timeline.seconds import read_seconds
from emocam.errors import SettingError, nearest
from emocam.records.observers import ObservedEvents
from emocam.settings.read_files import noted

SETTING = "data.timeline"
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
START, END, DURATION = ("start", "onset", "begin", "time"), ("end", "offset", "stop"), ("duration",)
WORD = ("emotion", "label", "value", "trial_type", "event_type", "feeling")
OBSERVER = ("observer", "rater", "annotator", "participant", "subject")
FILM = ("film", "file", "source", "path", "video")
KNOWN = (*START, *END, *DURATION, *OBSERVER, *FILM, "character", "sample", "response_time", "stim_file")
ANY = "film"
"""What a film is called that has no name."""
NOTHING = ("", "n/a", "nan", "none")
"""A cell of an event that was not named."""


@dataclass
class EventReader:
    """Reads the files of a timeline; `films` are those it may speak of, `rate` tells a film's frames a second.

    Without `films` it speaks of any single one.
    `column` names the column of words where a table has several. `notes` are what a person should be told.
    """

    films: Sequence[str]
    rate: Callable[[], float]
    column: str | None = None
    notes: list[str] = field(default_factory=list)

    def read(self, place: Path) -> ObservedEvents:
        """Read a file, or all tables of a folder."""
        parts = [self._events_of(file) for file in timeline_files(place)]
        events = pd.concat(parts, ignore_index=True)
        if not len(events):
            raise SettingError(
                f"{SETTING} {place} names no event; expected rows with a start, an end and a word"
            )
        films = list(self.films) or sorted(set(events["film"]))
        if not self.films and len(films) > 1:
            raise SettingError(
                f"{SETTING} {place} tells of {len(films)} films, {films[0]} and {films[1]} among them, and one was "
                "seen; keep its rows alone"
            )
        words = sorted(set(events["word"]))
        observers = sorted(set(events["observer"]))
        self._tell_overlapping(events)
        return ObservedEvents(
            events["start"].to_numpy(float),
            events["end"].to_numpy(float),
            _places(events["film"], films),
            _places(events["observer"], observers),
            _places(events["word"], words),
            films,
            observers,
            words,
        )

    def _tell_overlapping(self, events: pd.DataFrame) -> None:
        """Note how many events begin before an earlier one of the same observer and word is over."""
        keys = ["film", "observer", "word"]
        ordered = events.sort_values([*keys, "start", "end"], kind="stable")
        latest = ordered.groupby(keys, sort=False)["end"].cummax()
        before = latest.groupby([ordered[key] for key in keys], sort=False).shift()
        overlapping = int((ordered["start"] < before).sum())
        if overlapping:
            self.notes.append(
                f"{overlapping:,} of {len(events):,} events overlap another of the same observer and word, who "
                "says so once at a time"
            )

    def _events_of(self, file: Path) -> pd.DataFrame:
        """Return the events of one file: film, observer, word, start, end."""
        source = Source(file, SETTING)
        table = read_rows(source, self._encoding(file))
        start = read_seconds(source, table, find_column(source, table, START), self.rate)
        end = self._ends(source, table, start)
        if (early := np.flatnonzero(end < start)).size:
            row = int(early[0])
            raise source.fault(
                f"{place(row)}", f"an event that ends after its start, {start[row]:g} s", float(end[row])
            )
        column, parted = self._word_column(source, table)
        rows = pd.DataFrame(
            {
                "film": self._films_of(source, table),
                "observer": self._observers_of(source, table),
                "word": texts(source, table, column, empty=True),
                "start": start,
                "end": end,
            }
        )
        if parted:
            rows["word"] = rows["word"].str.split()
            rows = rows.explode("word", ignore_index=False)
            rows["word"] = rows["word"].fillna("")
            _check_words(source, rows["word"], studyforrest.WORDS.get(column, ()))
        unnamed = rows["word"].str.lower().isin(NOTHING)
        if unnamed.any():
            self.notes.append(f"{file.name}: {int(unnamed.sum()):,} of {len(table):,} events are not named")
        return rows[~unnamed]

    def _encoding(self, file: Path) -> str:
        """Return UTF-8, or Latin-1 where a file is none, and say so."""
        if is_parquet(file):
            return UTF8
        try:
            noted(file).read_text(encoding=UTF8)
        except UnicodeDecodeError:
            self.notes.append(f"{file.name} is no UTF-8, and was read as Latin-1")
            return "latin-1"
        return UTF8

    def _ends(self, source: Source, table: pd.DataFrame, start: np.ndarray) -> np.ndarray:
        names = {str(column).strip().lower() for column in table.columns}
        if names & set(END):
            return read_seconds(source, table, find_column(source, table, END), self.rate)
        return start + read_seconds(source, table, find_column(source, table, (*DURATION, *END)), self.rate)

    def _word_column(self, source: Source, table: pd.DataFrame) -> tuple[str, bool]:
        """Return the column of words, and whether several words of a cell are parted by a space."""
        columns = [str(column) for column in table.columns]
        published = [column.strip().lower() for column in columns] == list(studyforrest.HEADER)
        if self.column is not None:
            if self.column not in columns:
                raise SettingError(
                    f"timeline.column {self.column!r} is no column of {source.file}; {nearest(self.column, columns)}"
                )
            return self.column, published and self.column in studyforrest.WORDS
        named = [column for column in columns if column.strip().lower() in WORD]
        rest = [column for column in columns if column.strip().lower() not in KNOWN]
        if named or len(rest) == 1:
            return (named or rest)[0], published
        raise SettingError(
            f"{SETTING} {source.file}: the header must have a column of words ({', '.join(WORD)}), got "
            f"{', '.join(columns)}; timeline.column=NAME takes another"
        )

    def _films_of(self, source: Source, table: pd.DataFrame) -> list[str]:
        """Return the film of each event; without such a column there must be but one."""
        named = [column for column in table.columns if str(column).strip().lower() in FILM]
        if not named:
            if len(self.films) > 1:
                raise SettingError(
                    f"{SETTING} {source.file} has no column film, and data.root holds {len(self.films)} films; say of "
                    "which each event is"
                )
            return [self.films[0] if self.films else ANY] * len(table)
        found = texts(source, table, named[0])
        if not self.films:
            return found
        for row, name in enumerate(found):
            if name not in self.films:
                raise source.fault(
                    f"{place(row)}, {named[0]}",
                    f"one below data.root ({nearest(name, list(self.films))})",
                    name,
                )
        return found

    def _observers_of(self, source: Source, table: pd.DataFrame) -> list[str]:
        named = [column for column in table.columns if str(column).strip().lower() in OBSERVER]
        return texts(source, table, named[0]) if named else [source.file.stem] * len(table)


def _check_words(source: Source, words: pd.Series, known: Sequence[str]) -> None:
    """Refuse a word that is none of the published ones: a column of zeros would be made of it."""
    wrong = ~words.isin(["", *known])
    if known and wrong.any():
        row = int(words.index[wrong][0])
        word = str(words[wrong].iloc[0])
        raise SettingError(
            f"{source.setting} {source.file}: {place(row)} says {word!r}, which is no word of StudyForrest; "
            f"{nearest(word, list(known))}"
        )


def timeline_files(place: Path) -> list[Path]:
    """Return the files of a timeline in order: itself, or the tables in a folder."""
    if place.is_file():
        return [place]
    files = [file for file in _tables(place) if not file.name.startswith(".")]
    if not files:
        raise SettingError(
            f"{SETTING} {place} holds no table; expected files ending in {', '.join(SUFFIXES)}"
        )
    return files


def _tables(folder: Path) -> Iterator[Path]:
    yield from sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())


def _places(column: pd.Series, names: list[str]) -> np.ndarray:
    return pd.Categorical(column, categories=names).codes.astype(np.int64)
