"""Tables of a scanner's runs: a row a volume, a column a region, whatever tool made them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.data.annotations.rows import UTF8, is_parquet, place, read_rows, texts
from emocam.data.annotations.source import Source
from emocam.errors import SettingError
from emocam.records.region_series import RegionSeries
from emocam.settings.read_files import noted

SETTING = "data.tables"
TIME, RUN = ("time", "onset"), ("run", "session")
NUMBERING = ("volume", "tr", "index", "unnamed: 0", "")
"""Columns that count rows, and are no region."""
FEWEST_RUNS, FEWEST_VOLUMES = 3, 20
UNEVEN = 0.02
"""Of the step between volumes, by which one may be off."""
Numbers = NDArray[np.float64]


def read_region_tables(files: Sequence[Path], step: float) -> RegionSeries:
    """Read the tables of runs in the order given, or one table with a column `run`."""
    notes: list[str] = []
    parts = [part for file in files for part in _runs_of(file, notes)]
    if len(parts) < FEWEST_RUNS:
        raise SettingError(
            f"{SETTING}: at least {FEWEST_RUNS} runs are needed, since each is left out in turn and the penalty is "
            f"chosen by the others, got {len(parts)}; give a table for each run, or one table with a column run"
        )
    regions = _same_regions(parts)
    series = [numbers_of(source, table[regions], notes) for source, table in parts]
    for number, (source, table) in enumerate(parts, 1):
        if len(table) < FEWEST_VOLUMES:
            raise SettingError(
                f"{SETTING} {source.file}: run {number} must have at least {FEWEST_VOLUMES} volumes, got {len(table)}"
            )
    silent = [name for column, name in enumerate(regions) if _is_silent(series, column)]
    if silent:
        notes.append(
            f"{len(silent):,} of {len(regions):,} regions do not change in one of the runs and are left out, such as "
            f"{silent[0]}"
        )
    kept = [column for column, name in enumerate(regions) if name not in silent]
    if not kept:
        raise SettingError(f"{SETTING}: no region changes in every run, so there is nothing to decode")
    times, step = times_of(parts, step)
    return RegionSeries(
        [regions[column] for column in kept], [x[:, kept] for x in series], times, step, notes
    )


Part = tuple[Source, pd.DataFrame]
"""A run's rows, with the file that they come from."""


def _runs_of(file: Path, notes: list[str]) -> list[Part]:
    """Return the runs of a file: one, or those of its column `run` in their order."""
    source = Source(file, SETTING)
    table = read_rows(source, _encoding(file, notes))
    if not len(table):
        raise source.fault("the table", "of a row a volume", "no row")
    table.columns = pd.Index([_region_name(str(name)) for name in table.columns])
    twice = [name for name, count in Counter(_header(source, table)).items() if count > 1]
    if twice:
        raise source.fault("the header", "of names that differ", twice[0])
    run = _named(table, RUN)
    if run is None:
        return [(source, table)]
    told = texts(source, table, run)
    return [(source, table[[name == one for name in told]].drop(columns=run)) for one in dict.fromkeys(told)]


def _encoding(file: Path, notes: list[str]) -> str:
    if is_parquet(file):
        return UTF8
    try:
        noted(file).read_text(encoding=UTF8)
    except UnicodeDecodeError:
        notes.append(f"{file.name} is no UTF-8, and was read as Latin-1")
        return "latin-1"
    return UTF8


def _header(source: Source, table: pd.DataFrame) -> list[str]:
    """Return the names as the file has them: pandas numbers those that come twice."""
    if is_parquet(source.file):
        return list(table.columns)
    return [name.rpartition(".")[0] if _is_numbered(name, table) else name for name in table.columns]


def _is_numbered(name: str, table: pd.DataFrame) -> bool:
    before, dot, number = name.rpartition(".")
    return bool(dot) and number.isdigit() and before in table.columns


def _region_name(name: str) -> str:
    """Return a name without the apostrophe by which a spreadsheet was kept from computing it."""
    name = name.strip()
    return name[1:] if name[:1] == "'" and name[1:2] in "=+-@" else name


def _named(table: pd.DataFrame, names: Sequence[str]) -> str | None:
    return next((name for name in table.columns if name.lower() in names), None)


def _same_regions(parts: Sequence[Part]) -> list[str]:
    """Return the regions, which all runs must have, in the first one's order."""
    own = [[name for name in table.columns if name.lower() not in (*TIME, *NUMBERING)] for _, table in parts]
    first = own[0]
    if not first:
        raise parts[0][0].fault("the header", "one with a column a region", list(parts[0][1].columns))
    for number, (names, (source, _)) in enumerate(zip(own, parts, strict=True), 1):
        missing, more = [n for n in first if n not in names], [n for n in names if n not in first]
        if missing or more:
            what = f"lacks {missing[0]}" if missing else f"has {more[0]} besides"
            raise SettingError(
                f"{SETTING} {source.file}: all runs must have the same regions, and run {number} {what} (run 1 has "
                f"{len(first)}, run {number} {len(names)}); make all tables with one atlas"
            )
    return first


def numbers_of(source: Source, table: pd.DataFrame, notes: list[str]) -> Numbers:
    """Return the cells as numbers (T, R), NaN where one is empty or says so; other words are an error."""
    found = np.full(table.shape, np.nan)
    for column, name in enumerate(table.columns):
        cells = table[name]
        values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        void = cells.isna() | cells.astype(str).str.strip().str.lower().isin(("", "nan", "n/a", "na", "null"))
        wrong = np.flatnonzero(np.isnan(values) & ~void.to_numpy())
        if len(wrong):
            row = int(wrong[0])
            raise source.fault(
                f"{place(int(cells.index[row]))}, {name}",
                "a number, as of a region's series",
                cells.iloc[row],
            )
        found[:, column] = np.where(np.isfinite(values), values, np.nan)
    if lost := int(np.isnan(found).sum()):
        notes.append(
            f"{source.file.name}: {lost:,} of {found.size:,} cells are no numbers and count as their run's mean"
        )
    return found


def _is_silent(series: Sequence[Numbers], column: int) -> bool:
    """Return whether a region is all alike, or never known, in one of the runs."""
    for values in series:
        known = values[np.isfinite(values[:, column]), column]
        if not len(known) or np.ptp(known) <= 1e-12 * max(1.0, float(np.abs(known).max())):
            return True
    return False


def times_of(parts: Sequence[Part], step: float) -> tuple[list[Numbers], float]:
    """Return the film's second of each volume, and the step: by a column `time`, or one run after the other."""
    told = [_named(table, TIME) for _, table in parts]
    if not any(told):
        lengths = np.array([len(table) for _, table in parts])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]) * step
        return [
            start + step * np.arange(len(table)) for start, (_, table) in zip(starts, parts, strict=True)
        ], step
    if not all(told):
        source = parts[told.index(None)][0]
        raise SettingError(
            f"{SETTING} {source.file} has no column time, and other tables have one; give it to all"
        )
    times = []
    for (source, table), name in zip(parts, told, strict=True):
        assert name is not None
        values = numbers_of(source, table[[name]], [])[:, 0]
        apart = np.diff(values)
        usual = float(np.median(apart)) if np.isfinite(values).all() else np.nan
        if not usual > 0 or np.abs(apart - usual).max() > UNEVEN * usual:
            raise SettingError(
                f"{SETTING} {source.file}: {name} must go on in equal steps of seconds, since what is slow is filtered "
                "out; leave the volumes that are not to count in, as empty cells"
            )
        times.append(values)
        step = usual
    return times, step
