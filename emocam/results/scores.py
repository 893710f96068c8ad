"""scores.csv: a row a picture, `filepath` and a probability a label with two decimals, as GiMeFive writes it."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.errors import SettingError
from emocam.results.spreadsheet import write_csv

FILEPATH = "filepath"
SUM = 0.06
"""How far two decimals may take a row's sum from 1, a hundredth for each of twelve labels halved."""


def write_scores(
    images: Sequence[str], shares: NDArray[np.floating], labels: Sequence[str], file: Path
) -> None:
    """Write the probabilities (N, L) of N images."""
    table = pd.DataFrame(np.round(shares.astype(np.float64), 2), columns=list(labels))
    table.insert(0, FILEPATH, list(images))
    write_csv(table, file, index=False)


def read_scores(file: Path, images: Sequence[str]) -> tuple[list[str], NDArray[np.float64], list[str]]:
    """Return the labels of a file, the probabilities (I, L) of the images, NaN where it has no row, and names
    that are none of the images.

    A row is that of an image with its path, or of the only one whose path ends so.
    """
    setting = f"evaluate.against: {file}"
    try:
        table = pd.read_csv(file, dtype={FILEPATH: str})
    except FileNotFoundError:
        raise SettingError(f"evaluate.against: there is no file {file}") from None
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise SettingError(f"{setting} is no CSV ({' '.join(str(error).split())[:120]})") from None
    if FILEPATH not in table or len(table.columns) < 3:
        raise SettingError(f"{setting} needs a column {FILEPATH} and a column a label, two or more")
    labels = [str(name) for name in table.columns if name != FILEPATH]
    try:
        shares = table[labels].to_numpy(np.float64)
    except (TypeError, ValueError):
        raise SettingError(f"{setting}: the columns of labels must hold probabilities") from None
    wrong = ~np.isfinite(shares).all(1) | (shares < 0).any(1) | (shares > 1).any(1)
    wrong |= np.abs(shares.sum(1) - 1) > max(SUM, 0.005 * len(labels))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SettingError(
            f"{setting}: line {row + 2} must hold probabilities that sum to 1, got {shares[row].tolist()}"
        )
    place = _Places(list(images))
    found = np.full((len(images), len(labels)), np.nan)
    strange: list[str] = []
    for name, values in zip(table[FILEPATH].fillna(""), shares, strict=True):
        number = place(name)
        if number is None:
            strange.append(name)
            continue
        if not np.isnan(found[number]).any():
            raise SettingError(f"{setting} has two rows of {images[number]}")
        found[number] = values
    if len(strange) == len(table):
        raise SettingError(f"{setting} names no picture of these data; its first is {strange[0]!r}")
    return labels, found, strange


class _Places:
    """Finds an image by its path, or by the end of one where that is the only one."""

    def __init__(self, images: list[str]) -> None:
        self.whole = {image: number for number, image in enumerate(images)}
        self.ends: dict[str, list[int]] = {}
        for image, number in self.whole.items():
            parts = PurePosixPath(image).parts
            for first in range(len(parts)):
                self.ends.setdefault("/".join(parts[first:]), []).append(number)

    def __call__(self, name: str) -> int | None:
        name = name.replace("\\", "/").removeprefix("'")  # a spreadsheet's apostrophe before a formula
        if name in self.whole:
            return self.whole[name]
        parts = PurePosixPath(name).parts
        for first in range(len(parts)):
            found = self.ends.get("/".join(parts[first:]), [])
            if len(found) == 1:
                return found[0]
        return None
