"""The mass that no box covers, on the page: a line under the matrix, and the crops with most of it."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from emocam.report.matrix import percent_text
from emocam.report.thumbnails import OpenSmall, save_photograph
from emocam.results.files import BOX
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run
from emocam.results.support import ENOUGH
from emocam.system.cores import cores

EACH, MOST = 8, 240
"""The most crops on the page, of one label and of all together: for each a picture is opened again."""
SIDE = 200
AROUND = 0.5
"""The margin that is shown on each side of a crop, as a multiple of the crop's size."""


@dataclass(frozen=True)
class Crop:
    """A part of a picture: the file that shows it, that file's size, and the crop (x0, y0, x1, y1) in it."""

    path: str
    held: float
    file: str
    size: tuple[int, int]
    box: tuple[float, ...]


@dataclass(frozen=True)
class Outside:
    """A label and its images, its share of mass outside all boxes with an interval, all in percent, and its crops."""

    label: str
    images: int
    percent: float
    low: float
    high: float
    crops: list[Crop]


def outside_line(run: Run) -> list[str] | None:
    """Return a percentage as text for each label in the order of the run; None without a CAM."""
    file = run.path / "unexplained.parquet"
    if not file.is_file():
        return None
    table = read_frame(file, columns=["label", "unexplained"])
    return [percent_text(100 * share) for share in table["unexplained"].iloc[:-1]]


def find_outside(run: Run, into: Path, open_small: OpenSmall | None) -> list[Outside]:
    """Return the labels by the share that is outside, few images last; write their crops to `into`/outside/."""
    files = [run.path / f"{name}.parquet" for name in ("unexplained", "unexplained_crops")]
    if open_small is None or not all(file.is_file() for file in files):
        return []
    table, crops = (read_frame(file) for file in files)
    each = max(1, min(EACH, MOST // max(1, crops["label"].nunique())))
    crops = crops.groupby("label", sort=False).head(each).nlargest(MOST, "held").reset_index(drop=True)
    (into / "outside").mkdir()
    with ThreadPoolExecutor(cores()) as pool:
        rows = zip(crops["image"], crops[[*BOX]].to_numpy().tolist(), crops["held"], crops.index, strict=True)
        drawn = list(pool.map(lambda row: _draw(into, open_small, *row), rows))
    known = crops["label"].map({label: i for i, label in enumerate(table["label"].iloc[:-1])})
    labels = []
    images = dict(zip(run.matrix.labels, run.matrix.images.tolist(), strict=True))
    numbers = 100 * table[["unexplained", "low", "high"]].to_numpy()
    for i, label in enumerate(table["label"].iloc[:-1]):
        of_label = [crop for crop, number in zip(drawn, known, strict=True) if number == i and crop]
        percent, low, high = numbers[i].tolist()
        labels.append(Outside(str(label), images.get(str(label), 0), percent, low, high, of_label))
    return sorted((o for o in labels if o.crops), key=lambda o: (o.images < ENOUGH, -o.percent))


def _draw(
    into: Path,
    open_small: OpenSmall,
    path: str,
    box: list[float],
    held: float,
    place: int,
) -> Crop | None:
    """Cut a part out of its picture with a margin around it; None where the picture is gone."""
    wide, high = (1 + 2 * AROUND) * (box[2] - box[0]), (1 + 2 * AROUND) * (box[3] - box[1])
    try:
        picture = open_small(path, math.ceil(SIDE / max(1e-3, min(wide, high))))
    except Exception:  # whatever happened to the file since the run
        return None
    more = [AROUND * (box[2] - box[0]), AROUND * (box[3] - box[1])]
    sides = zip(box, (-more[0], -more[1], more[0], more[1]), picture.size * 2, strict=True)
    frame = [round(min(1.0, max(0.0, side + by)) * pixels) for side, by, pixels in sides]
    frame[2:] = [max(end, start + 1) for start, end in zip(frame[:2], frame[2:], strict=True)]
    shown = picture.crop(tuple(frame)).convert("RGB")  # type: ignore[arg-type]
    cut = shown.size
    shown.thumbnail((SIDE, SIDE))
    file = f"outside/{place:03d}.webp"
    save_photograph(shown, into / file)
    inner = [
        (side * pixels - start) / size
        for side, pixels, start, size in zip(box, picture.size * 2, frame[:2] * 2, cut * 2, strict=True)
    ]
    return Crop(path, 100 * held, file, shown.size, tuple(round(side, 4) for side in inner))
