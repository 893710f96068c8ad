"""Which method to believe, on the page: the sentence, the figure, and a row for each method and layer."""

from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from emocam.report.figures import write_figure
from emocam.results.files import TRUST
from emocam.results.run import Run
from emocam.results.sentences import capitalised

SIDE = 1400


@dataclass(frozen=True)
class TrustRow:
    """A method at a layer, as texts; `control` marks one that knows nothing of the network's answer."""

    method: str
    layer: str
    agreement: str
    above: str
    threshold: str
    chance: str
    stability: str
    sanity: str
    control: bool
    sure: bool


@dataclass(frozen=True)
class TrustShown:
    """What the section shows; `figure` is empty where there is none."""

    sentence: str
    pictures: int
    rows: list[TrustRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figure: str = ""
    size: tuple[int, int] = (0, 0)


def find_trust_shown(run: Run, into: Path) -> TrustShown | None:
    """Read what the callback left, and write the figure to `into`; None where no method was held against effects."""
    summary = run.summary
    if "recommendation" not in summary:
        return None
    table = pd.read_csv(run.path / f"{TRUST}.csv", dtype={"method": str, "layer": str})
    rows = [trust_row(row) for row in table.to_dict("records")]
    notes = [capitalised(note) for note in summary["trust_notes"]]
    shown = capitalised(summary["recommendation"]), summary["trust_pictures"], rows, notes
    picture = run.path / f"{TRUST}.png"
    if not rows or not picture.is_file():
        return TrustShown(*shown)
    figure = f"{TRUST}.webp"
    return TrustShown(*shown, figure, write_figure(picture, into / figure, SIDE, quality=88))


def trust_row(row: dict[Any, Any]) -> TrustRow:
    """Return one method at one layer as texts."""
    control = not isfinite(row["above_controls"])
    return TrustRow(
        str(row["method"]),
        f"{row['layer']} ({row['grid']})",
        f"{row['faithfulness']:.2f} ({row['low']:.2f} to {row['high']:.2f})",
        ""
        if control
        else f"{row['above_controls']:+.2f} ({row['above_low']:+.2f} to {row['above_high']:+.2f})",
        f"{row['threshold']:g}",
        f"{100 * row['chance_level']:.0f} %" if isfinite(row["chance_level"]) else "",
        f"{row['stability']:.2f}" if isfinite(row["stability"]) else "",
        f"{row['sanity']:.2f}" if isfinite(row["sanity"]) else "",
        control,
        bool(not control and row["above_low"] > 0 and row["q"] < 0.05),
    )
