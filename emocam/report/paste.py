"""The flips of changed pictures for the page: how often each object flipped the label, and the surest."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from emocam.data.film import open_image
from emocam.report.thumbnails import shrink
from emocam.results.parquet_file import read_frame

COLUMNS = [
    *("image", "object", "position", "label_before", "label_after"),
    *("confidence_before", "confidence_after"),
]
SIDE, MOST_FLIPS, MAX_PIXELS = 1440, 8, 40_000_000


@dataclass(frozen=True)
class Often:
    """An object: its changed pictures, the percent whose label flipped, and the label they mostly flip to."""

    object: str
    pictures: int
    percent: float
    mostly: str


@dataclass(frozen=True)
class Flip:
    """A picture before and after: its figure's file in the report, the figure's size, and what it shows."""

    file: str
    size: tuple[int, int]
    image: str
    change: str
    before: str
    after: str


@dataclass(frozen=True)
class Pasted:
    """The flips of a run's paste: how often each object made one, and figures of the surest."""

    often: list[Often]
    flips: list[Flip]


def find_pasted(run: Path, into: Path, folder: str = "flips", most: int = MOST_FLIPS) -> Pasted | None:
    """Read paste.parquet and flips/ of a run, and write the figures to `into`/`folder`/; None without a paste."""
    file = run / "paste.parquet"
    if not file.is_file():
        return None
    rows = read_frame(file, columns=COLUMNS)
    labels = ["label_before", "label_after"]
    rows[labels] = rows[labels].astype(str)
    flips = rows[rows["label_before"] != rows["label_after"]]
    return Pasted(_often(rows, flips), _shown(run, into, folder, flips, most))


def _often(rows: pd.DataFrame, flips: pd.DataFrame) -> list[Often]:
    objects = []
    for name, changed in rows.groupby("object", sort=False):
        flipped = flips.loc[flips["object"] == name, "label_after"]
        mostly = str(flipped.value_counts().index[0]) if len(flipped) else ""
        objects.append(Often(str(name), len(changed), 100 * len(flipped) / len(changed), mostly))
    return sorted(objects, key=lambda one: -one.percent)


def _shown(run: Path, into: Path, folder: str, flips: pd.DataFrame, most: int) -> list[Flip]:
    """Write the figures and return what they show, the surest new label first, one of each picture."""
    # the paste numbered its figures in this order
    surest = flips.sort_values("confidence_after", ascending=False, kind="stable").drop_duplicates("image")
    shown = []
    for number, row in enumerate(surest.head(most).to_dict("records"), 1):
        small = _figure(run, number)
        if small is None:
            continue
        target = into / folder / f"{number}.webp"
        target.parent.mkdir(parents=True, exist_ok=True)
        small.save(target, "WEBP", quality=80, method=2)
        answers = {
            when: f"{row[f'label_{when}']} {row[f'confidence_{when}']:.2f}" for when in ("before", "after")
        }
        change = f"{row['object']}, {row['position']}"
        shown.append(
            Flip(
                f"{folder}/{number}.webp",
                small.size,
                row["image"],
                change,
                answers["before"],
                answers["after"],
            )
        )
    return shown


def _figure(run: Path, number: int) -> Image.Image | None:
    """Read a figure of a run, made small; None where there is none, or a link that leads elsewhere."""
    try:
        return shrink(open_image(run / "flips", f"{number}.png", MAX_PIXELS), SIDE)
    except Exception:  # whatever was made of the file since the run
        return None
