"""What changing pictures did, for the page: how often each object flipped the label, and the surest flips."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from emocam.report.thumbnails import shrink

COLUMNS = [
    *("image", "object", "position", "label_before", "label_after"),
    *("confidence_before", "confidence_after"),
]
SIDE, MOST_FLIPS = 1440, 8


@dataclass(frozen=True)
class Often:
    """An object, in how many changed pictures, the percent whose label flipped, and what to mostly."""

    object: str
    pictures: int
    percent: float
    mostly: str


@dataclass(frozen=True)
class Flip:
    """One picture before and after: the figure's file within the report, its size, and what it shows."""

    file: str
    size: tuple[int, int]
    image: str
    change: str
    before: str
    after: str


@dataclass(frozen=True)
class Pasted:
    """All that a run's paste left for the page."""

    often: list[Often]
    flips: list[Flip]


def find_pasted(run: Path, into: Path, folder: str = "flips", most: int = MOST_FLIPS) -> Pasted | None:
    """Reads paste.parquet and flips/ of a run; leaves the figures in `into`/`folder`/."""
    file = run / "paste.parquet"
    if not file.is_file():
        return None
    rows = pd.read_parquet(file, columns=COLUMNS)
    labels = ["label_before", "label_after"]
    rows[labels] = rows[labels].astype(str)
    flips = rows[rows["label_before"] != rows["label_after"]]
    return Pasted(_often(rows, flips), _shown(run, into, folder, flips, most))


def _often(rows: pd.DataFrame, flips: pd.DataFrame) -> list[Often]:
    found = []
    for name, own in rows.groupby("object", sort=False):
        flipped = flips.loc[flips["object"] == name, "label_after"]
        mostly = str(flipped.value_counts().index[0]) if len(flipped) else ""
        found.append(Often(str(name), len(own), 100 * len(flipped) / len(own), mostly))
    return sorted(found, key=lambda one: -one.percent)


def _shown(run: Path, into: Path, folder: str, flips: pd.DataFrame, most: int) -> list[Flip]:
    """The figures are numbered from the surest new label on, one of each picture."""
    surest = flips.sort_values("confidence_after", ascending=False, kind="stable").drop_duplicates("image")
    found = []
    for number, row in enumerate(surest.head(most).to_dict("records"), 1):
        figure = run / "flips" / f"{number}.png"
        if not figure.is_file():
            continue
        target = into / folder / f"{number}.webp"
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(figure) as picture:
            small = shrink(picture, SIDE)
        small.save(target, "WEBP", quality=80, method=2)
        sure = {
            when: f"{row[f'label_{when}']} {row[f'confidence_{when}']:.2f}" for when in ("before", "after")
        }
        change = f"{row['object']}, {row['position']}"
        found.append(
            Flip(f"{folder}/{number}.webp", small.size, row["image"], change, sure["before"], sure["after"])
        )
    return found
