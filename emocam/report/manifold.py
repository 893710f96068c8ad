"""The page of a manifold: every picture a point, coloured by what is known; a lasso lists what its pictures hold."""

import base64
import io
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from emocam.cells.occurrences import Occurrences, read_occurrences
from emocam.functional.statistics.embedding import Measure
from emocam.report.page import static, templates
from emocam.report.scripts import write_script
from emocam.results.features import read_small_pictures
from emocam.results.run import Run

FOLDER = "manifold"
SHEET, SIDE = 400, 48
"""Pictures of one file, and the pixels of each."""
ACROSS = 20
MOST_VALUES = 40
"""Of a column of names that colours the points."""
FINEST = 65_535
OWN = ("image", "confidence", "logits", "thumbnail")
"""Columns that colour nothing, or that have their own word."""


@dataclass(frozen=True)
class Drawn:
    """A picture (I, 2) of a run's pictures by a `method`, of its features or values, with what stands beside it."""

    picture: NDArray[np.float64]
    method: str
    of: str
    quality: Sequence[Measure]


def write_manifold(run: Run, drawn: Drawn) -> Path:
    """Leave manifold/index.html with all it needs, and return it."""
    folder = run.path / f"{FOLDER}.tmp"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "sheets").mkdir(parents=True)
    sheets = write_sheets(read_small_pictures(run.path), folder / "sheets")
    images = run.predictions["image"].tolist()
    data = {
        "points": packed(whole_numbers(drawn.picture)),
        "columns": colours(run.predictions, run.label_names),
        "objects": objects_of(read_occurrences(run, run.thresholds), run.object_names),
        "sheets": sheets,
        "explained": run.explained,
    }
    write_script(folder / "points.js", data)
    write_script(folder / "names.js", {"names": images})
    for name in ("manifold.js", "style.css"):
        (folder / name).write_text(static(name), encoding="utf-8")
    page = templates().get_template("manifold.html.j2")
    words = {"name": run.path.resolve().name, "drawn": drawn, "images": len(images), "pictures": bool(sheets)}
    (folder / "index.html").write_text(page.render(**words), encoding="utf-8")
    final = run.path / FOLDER
    shutil.rmtree(final, ignore_errors=True)
    folder.rename(final)
    return final / "index.html"


def whole_numbers(picture: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Return points (I, 2) within 0 to FINEST, both axes in one measure."""
    low, high = picture.min(0), picture.max(0)
    scale = FINEST / max(float((high - low).max()), 1e-12)
    margin = (FINEST - (high - low) * scale) / 2
    return np.round((picture - low) * scale + margin).clip(0, FINEST).astype(np.uint16)


def packed(values: NDArray[Any]) -> str:
    """Return the bytes of numbers, little endian, as text."""
    return base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes()).decode()


def colours(predictions: pd.DataFrame, labels: list[str]) -> list[dict[str, Any]]:
    """Return the columns that may colour the points: names as codes, numbers in bytes from least to most."""
    found = [_named("label", predictions["label"], labels)]
    for name in predictions.columns:
        values = predictions[name]
        if name in (*OWN, "label"):
            continue
        if pd.api.types.is_numeric_dtype(values) and values.notna().any():
            found.append(_numbers(name, values))
        elif 1 < values.nunique() <= MOST_VALUES:
            found.append(_named(name, values, sorted(str(value) for value in values.dropna().unique())))
    return [*found, _numbers("confidence", predictions["confidence"])]


def _named(name: str, values: pd.Series, names: list[str]) -> dict[str, Any]:
    texts = values.astype(object).where(values.notna(), None)
    codes = pd.Categorical([None if text is None else str(text) for text in texts], categories=names).codes
    used = np.unique(codes[codes >= 0])
    places = np.full(len(names) + 1, FINEST)
    places[used] = np.arange(len(used))
    return {
        "name": name,
        "values": [names[i] for i in used],
        "codes": packed(places[codes].astype(np.uint16)),
    }


def _numbers(name: str, values: pd.Series) -> dict[str, Any]:
    numbers = values.to_numpy(np.float64)
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    share = (numbers - low) / max(high - low, 1e-12)
    codes = np.where(np.isnan(share), FINEST, np.round(np.nan_to_num(share) * 255)).astype(np.uint16)
    return {"name": name, "low": low, "high": high, "codes": packed(codes)}


def objects_of(occurrences: Occurrences, names: list[str]) -> dict[str, Any]:
    """Return which objects each picture holds: where its pairs begin, the objects, and whether each counts."""
    used = np.unique(occurrences.object)
    place = np.zeros(len(names) + 1, np.uint16)
    place[used] = np.arange(len(used))
    begins = np.searchsorted(occurrences.image, np.arange(len(occurrences.label) + 1))
    return {
        "names": [names[i] for i in used],
        "begins": packed(begins.astype(np.uint32)),
        "object": packed(place[occurrences.object]),
        "kept": packed(occurrences.kept.astype(np.uint8)),
    }


def write_sheets(pictures: list[bytes] | None, folder: Path) -> int:
    """Write the small pictures, SHEET to a file, and return how many files they take."""
    if pictures is None:
        return 0
    number = 0
    for number, first in enumerate(range(0, len(pictures), SHEET), 1):
        part = pictures[first : first + SHEET]
        _sheet(part).save(folder / f"{number - 1}.jpg", quality=80)
    return number


def _sheet(pictures: Iterable[bytes]) -> Image.Image:
    sheet = Image.new("RGB", (ACROSS * SIDE, SHEET // ACROSS * SIDE), (128, 128, 128))
    for place, file in enumerate(pictures):
        with Image.open(io.BytesIO(file), formats=("JPEG",)) as small:
            small.thumbnail((SIDE, SIDE))
            margin = [(SIDE - side) // 2 for side in small.size]
            sheet.paste(small, (place % ACROSS * SIDE + margin[0], place // ACROSS * SIDE + margin[1]))
    return sheet
