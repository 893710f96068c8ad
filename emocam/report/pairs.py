"""What objects do together, on the page: sentences, the figure, and a row for each pair."""

from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from emocam.report.figures import write_figure
from emocam.results.files import PAIRS, SETS
from emocam.results.run import Run
from emocam.results.sentences import capitalised

SIDE_OF_FIGURE, MOST_ROWS = 1400, 60


@dataclass(frozen=True)
class PairRow:
    """A pair under a label, as texts; `sure` marks one with a relation."""

    a: str
    b: str
    label: str
    relation: str
    images: str
    alone_a: str
    alone_b: str
    together: str
    beyond: str
    q: str
    sure: bool


@dataclass(frozen=True)
class SetRow:
    """A set of objects that keeps a label's answer, as texts."""

    label: str
    objects: str
    coverage: str
    cumulative: str
    tried: str


@dataclass(frozen=True)
class PairsShown:
    """What the section shows; `figure` is empty where there is none."""

    sentences: list[str]
    places: list[str]
    wholes: list[str]
    rules: list[str]
    notes: list[str]
    tried: int
    rows: list[PairRow] = field(default_factory=list)
    sets: list[SetRow] = field(default_factory=list)
    figure: str = ""
    size: tuple[int, int] = (0, 0)


def find_pairs_shown(run: Run, into: Path) -> PairsShown | None:
    """Read what the callback left, and write the figure to `into`; None where no pairs were tried."""
    summary = run.summary
    if "pairs_in_words" not in summary:
        return None
    text = dict.fromkeys(("a", "b", "label", "relation", "objects"), str)
    table = pd.read_csv(run.path / f"{PAIRS}.csv", dtype=text, keep_default_na=False, na_values=[""])
    table = table.fillna({"relation": ""})
    sets = pd.read_csv(run.path / SETS, dtype=text, keep_default_na=False)
    shown = PairsShown(
        [capitalised(line) for line in summary["pairs_in_words"]],
        [capitalised(line) for line in summary["places_in_words"]],
        [capitalised(line) for line in summary["wholes_in_words"]],
        [capitalised(line) for line in summary["sets_in_words"]],
        [capitalised(line) for line in summary["pairs_notes"]],
        summary["pairs_tried"],
        [_pair_row(row) for row in table.head(MOST_ROWS).to_dict("records")],
        [_set_row(row) for row in sets.to_dict("records")],
    )
    picture = run.path / f"{PAIRS}.png"
    if not shown.rows or not picture.is_file():
        return shown
    figure = f"{PAIRS}.webp"
    return replace(
        shown, figure=figure, size=write_figure(picture, into / figure, SIDE_OF_FIGURE, quality=88)
    )


def _pair_row(row: dict[Any, Any]) -> PairRow:
    """Return one pair as texts."""
    known = isfinite(row["low"])
    middle = (row["low"] + row["high"]) / 2
    return PairRow(
        str(row["a"]),
        str(row["b"]),
        str(row["label"]),
        str(row["relation"]),
        f"{row['images']:,}",
        f"{row['alone_a']:.1f}",
        f"{row['alone_b']:.1f}",
        f"{row['together']:.1f}",
        f"{middle:+.1f} ({row['low']:+.1f} to {row['high']:+.1f})" if known else "",
        f"{row['q']:.3f}" if isfinite(row["q"]) else "",
        row["relation"] != "",
    )


def _set_row(row: dict[Any, Any]) -> SetRow:
    """Return one set as texts."""
    share, low, high = (100 * float(row[name]) for name in ("coverage", "low", "high"))
    return SetRow(
        row["label"],
        row["objects"],
        f"{share:.0f} % ({low:.0f} to {high:.0f})",
        f"{100 * float(row['cumulative']):.0f} %",
        f"{int(row['tried']):,}",
    )
