"""Groups of people and regions of the face, on the page: recall first, then where the network looks."""

from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from emocam.report.figures import write_figure
from emocam.results.files import (
    DIFFERENCES,
    FACE_MAP,
    FACE_OVERLAP,
    FACE_REGIONS_TABLE,
    SLICES,
    SLICES_RECALL,
    parquet,
)
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run
from emocam.results.slice_words import ON_ANSWERS, SURE, UNITS

MOST_ROWS = 12
"""Differences on the page, those with the least p; the file has all."""
SIDE = 1600


@dataclass(frozen=True)
class GroupRow:
    """A group: its pictures, its people if they are known, and its recall as text."""

    name: str
    pictures: int
    people: int | None
    recall: str


@dataclass(frozen=True)
class DifferenceRow:
    """A cell that two groups differ in, as texts; `sure` where it is beyond chance."""

    cell: str
    groups: str
    answers: str
    means: str
    difference: str
    g: str
    p: str
    sure: bool


@dataclass(frozen=True)
class OverlapRow:
    """A label, what is expected of it, and how far the maps are that, beside the centre and chance, in percent."""

    group: str
    label: str
    expected: str
    own: str
    centre: str
    random: str


@dataclass(frozen=True)
class ShownFigure:
    """A figure of the report: its file and size, and what it shows."""

    file: str
    size: tuple[int, int]
    shows: str


@dataclass(frozen=True)
class SliceCell:
    """A cell of one slice as texts: its percentage there, and those of the other slices."""

    cell: str
    percent: str
    others: str
    verdict: str


@dataclass(frozen=True)
class SlicePanel:
    """A slice that can be opened, one at a time, with its cells of the highest percentage."""

    name: str
    pictures: int
    cells: list[SliceCell]


@dataclass(frozen=True)
class ComparedGroups:
    """Runs over different people: pictures and people of each, what to know first, and what differs in words."""

    counts: dict[str, dict[str, int | None]]
    told: list[str]
    sentences: list[str]


@dataclass(frozen=True)
class Groups:
    """What the section shows; `column` is empty where a run is not sliced."""

    column: str = ""
    told: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    groups: list[GroupRow] = field(default_factory=list)
    differences: list[DifferenceRow] = field(default_factory=list)
    overlaps: list[OverlapRow] = field(default_factory=list)
    figures: list[ShownFigure] = field(default_factory=list)
    panels: list[SlicePanel] = field(default_factory=list)


def find_groups(run: Run, into: Path) -> Groups | None:
    """Read what slices and face_regions left, and write the figures to `into`; None without either."""
    summary = run.summary
    sliced = "slices" in summary
    figures = write_figures(run.path, into)
    if not sliced and not figures:
        return None
    overlaps = overlap_texts(run.file(FACE_OVERLAP))
    if not sliced:
        return Groups(overlaps=overlaps, figures=figures)
    return Groups(
        summary["slices"],
        summary["slices_told"],
        summary["slices_in_words"],
        group_texts(run.file(SLICES_RECALL), summary["slice_values"]),
        difference_texts(run.file(DIFFERENCES)),
        overlaps,
        figures,
        slice_panels(run.file(SLICES), summary["slice_values"]),
    )


def slice_panels(file: Path, values: dict[str, dict[str, int | None]]) -> list[SlicePanel]:
    """Return for each slice its cells with the highest percentage, beside the same cells of the others."""
    if not file.is_file():
        return []
    table = read_frame(file)
    percent = table.pivot_table(index=["object", "label"], columns="slice", values="percent", aggfunc="first")
    panels = []
    for name, count in values.items():
        own = table[(table["slice"] == name) & (table["kept"] > 0)]
        own = own.sort_values(["percent", "kept", "object"], ascending=[False, False, True], kind="stable")
        cells = [
            SliceCell(
                f"{row['object']} under {row['label']}",
                f"{row['percent']:.0f} % ({row['kept']:,} of {row['images']:,})",
                ", ".join(
                    f"{other} {value:.0f} %"
                    for other, value in percent.loc[(row["object"], row["label"])].items()
                    if other != name and isfinite(value)
                ),
                str(row["verdict"]),
            )
            for row in own.head(MOST_ROWS).to_dict("records")
        ]
        panels.append(SlicePanel(name, count["pictures"] or 0, cells))
    return panels


def find_run_groups(found: ComparedGroups, folder: Path, runs: dict[str, Path], into: Path) -> Groups:
    """Read what the comparison of runs left in `folder`, and write the figures of those over faces to `into`."""
    figures = []
    for number, (name, run) in enumerate(runs.items()):
        figures += write_figures(run, into, f"{number}-", f"{name}: ")
    differences = difference_texts(folder / parquet(DIFFERENCES))
    rows = group_texts(folder / parquet(SLICES_RECALL), found.counts)
    return Groups("run", found.told, found.sentences, rows, differences, figures=figures)


def group_texts(file: Path, values: dict[str, dict[str, int | None]]) -> list[GroupRow]:
    """Return a row a group, with its recall where truth is known."""
    recall: dict[str, str] = {}
    if file.is_file():
        table = read_frame(file)
        for row in table[table["label"] == ""].to_dict("records"):
            recall[str(row["slice"])] = f"{100 * row['recall']:.0f} %{between(row, 100, 0)}"
    return [
        GroupRow(name, count["pictures"] or 0, count["people"], recall.get(name, ""))
        for name, count in values.items()
    ]


def difference_texts(file: Path) -> list[DifferenceRow]:
    """Return the differences with the least p as texts, those on right answers beside those on all."""
    table = read_frame(file)
    if table.empty:
        return []
    first = table[table["answers"] == "all"].sort_values(["p", "object"], kind="stable").head(MOST_ROWS)
    cells = first[["a", "b", "object", "label"]].assign(order=range(len(first)))
    shown = cells.merge(table, on=["a", "b", "object", "label"]).sort_values(["order", "answers"])
    return [difference_text(row) for row in shown.to_dict("records")]


def difference_text(row: dict[Any, Any]) -> DifferenceRow:
    """Return one difference as texts."""
    unit, digits = UNITS[str(row["measure"])]
    known = isfinite(row["p"])
    return DifferenceRow(
        f"{row['object']} under {row['label']}",
        f"{row['b']} less {row['a']}",
        ON_ANSWERS[str(row["answers"])],
        f"{row['mean_b']:.{digits}f} and {row['mean_a']:.{digits}f}",
        f"{row['difference']:+.{digits}f}{unit}{between(row, 1, digits)}",
        f"{row['hedges_g']:+.2f}" if isfinite(row["hedges_g"]) else "",
        f"p = {row['p']:.2g}, q = {row['q']:.2g}" if known else str(row["p_rule"]),
        bool(known and row["q"] < SURE),
    )


def overlap_texts(file: Path) -> list[OverlapRow]:
    """Return how far maps are the expected regions, a row a group and label."""
    if not file.is_file():
        return []
    rows = []
    for (group, label), table in read_frame(file).groupby(["slice", "label"], sort=False):
        of = {str(row["measure"]): row for row in table.to_dict("records")}
        texts = [
            f"{100 * of[f'{who}iou']['value']:.0f} / {100 * of[f'{who}f1']['value']:.0f}"
            for who in ("", "centre_", "random_")
        ]
        own = texts[0] + between(of["iou"], 100, 0)
        rows.append(OverlapRow(str(group), str(label), str(table["expected"].iloc[0]), own, *texts[1:]))
    return rows


def between(row: dict[Any, Any] | pd.Series, times: float, digits: int) -> str:
    """Return an interval in brackets, nothing where there is none."""
    low, high = times * float(row["low"]), times * float(row["high"])
    return f" ({low:.{digits}f} to {high:.{digits}f})" if isfinite(low) else ""


def write_figures(folder: Path, into: Path, prefix: str = "", whose: str = "") -> list[ShownFigure]:
    """Write the figures of faces for the page, under names that begin with `prefix`."""
    shows = {
        FACE_MAP: "mean map by label in one face, each group in a row of its own",
        FACE_REGIONS_TABLE: "mean importance of each region of the face, by label and group, with intervals",
    }
    figures = []
    for name, words in shows.items():
        if not (folder / f"{name}.png").is_file():
            continue
        shown = f"{prefix}{name}.webp"
        size = write_figure(folder / f"{name}.png", into / shown, SIDE, quality=85)
        figures.append(ShownFigure(shown, size, whose + words))
    return figures
