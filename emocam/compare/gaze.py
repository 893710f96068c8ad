"""The maps of a run beside where people looked: seven scores of each picture, and of each label what they mean.

Beside a label's mean stand the same maps held against the looks at other pictures (`shifted`: centre bias alone scores
well), and one observer held against the others (`ceiling`: people differ too).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from emocam.cells.dependence import read_dependence
from emocam.data.address import listed_files
from emocam.data.annotations.gaze.join import check_films, looks_of
from emocam.data.annotations.gaze.read import read_fixations
from emocam.data.annotations.gaze.settings import GazeSettings
from emocam.errors import SettingError
from emocam.functional.gaze.density import GRID, densities
from emocam.functional.gaze.scores import NAMES, Looked, centre_of, scores
from emocam.functional.map.maps import hat_integrals
from emocam.records.fixations import Fixations
from emocam.results.file_list import update_file_list
from emocam.results.parquet_file import write_frame
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv

TABLE, BY_LABEL = "gaze.parquet", "gaze.csv"
ALL = "(all)"
TOGETHER = 512
"""Pictures whose densities are held at once."""
DRAWS, FEWEST = 2_000, 8
"""Of units for an interval, and how many units it takes."""
MOST_PICTURES, MOST_OBSERVERS = 2_000, 8
"""By which the ceiling is estimated."""


@dataclass(frozen=True)
class Seen:
    """The looks (n,) at B pictures, sorted by picture: places (n, 2), seconds (n,), observers (n,).

    `sigma` (n, 2) is how far each reaches across and down.
    """

    pictures: int
    picture: Tensor
    place: Tensor
    seconds: Tensor
    observer: Tensor
    sigma: Tensor

    @property
    def cell(self) -> Tensor:
        """The cell of the grid in which each look lies (n,)."""
        column, row = (
            (self.place[:, axis] * GRID[1 - axis]).long().clamp(0, GRID[1 - axis] - 1) for axis in (0, 1)
        )
        return row * GRID[1] + column

    def of(self, which: Tensor) -> "Seen":
        """Return some of the looks, by a mask (n,)."""
        parts = (self.picture, self.place, self.seconds, self.observer, self.sigma)
        return Seen(self.pictures, *(part[which] for part in parts))

    def moved(self, by: int) -> "Seen":
        """Return the looks as if each had been at the picture so many places later, in a circle."""
        picture = (self.picture + by) % self.pictures
        order = picture.argsort(stable=True)
        parts = (picture, self.place, self.seconds, self.observer, self.sigma)
        return Seen(self.pictures, *(part[order] for part in parts))

    def blocks(self) -> Iterator[Tensor]:
        """Yield the densities (b, h, w) of TOGETHER pictures after another."""
        for first in range(0, self.pictures, TOGETHER):
            begin, end = torch.searchsorted(self.picture, torch.tensor([first, first + TOGETHER])).tolist()
            own, count = slice(begin, end), min(TOGETHER, self.pictures - first)
            yield densities(
                self.place[own], self.seconds[own], self.picture[own] - first, count, self.sigma[own]
            )


def score_run(run: Run, file: Path, settings: GazeSettings) -> tuple[list[str], pd.DataFrame]:
    """Leave gaze.parquet and gaze.csv in the run's folder; return the lines that say what was found, and the table."""
    if not run.explained:
        raise SettingError(
            f"RUN {run.path} has no maps, so nothing to hold against gaze; make it with +cam=gradcam"
        )
    images = run.predictions["image"].astype(str).tolist()
    seen, fixations = looks_at(images, file, settings)
    maps = torch.cat([on_gaze_grid(*explained) for explained in run.explanations()])
    dependence = read_dependence(run)
    unit = np.unique(dependence.units(pd.factorize(run.predictions["label"])[0]), return_inverse=True)[1]
    found = gaze_scores(maps, seen, unit)
    table = pd.DataFrame({"image": images, **{name: values.numpy() for name, values in found.items()}})
    write_frame(table, run.path / TABLE)
    shifted = gaze_scores(maps, seen.moved(len(images) // 2), unit)
    ceiling = ceiling_of(seen, unit)
    rows = by_label(run.predictions["label"].astype(str).to_numpy(), found, shifted, ceiling, unit)
    write_csv(rows, run.path / BY_LABEL, index=False)
    update_file_list(run.path, TABLE, BY_LABEL)
    looked = int((torch.bincount(seen.picture, minlength=len(images)) > 0).sum())
    people = len(fixations.observers)
    lines = [*fixations.notes, f"{looked:,} of {len(images):,} pictures were looked at by {people:,} people"]
    return [*lines, *gaze_lines(rows), f"table    {run.path / BY_LABEL}"], rows


def looks_at(images: Sequence[str], file: Path, settings: GazeSettings) -> tuple[Seen, Fixations]:
    """Read the looks at these pictures."""
    fixations = read_fixations(file, settings, "FIXATIONS")
    check_films(fixations, listed_files(images), "FIXATIONS")
    picture, look, lasted = looks_of(fixations, images, settings.seconds, "FIXATIONS")
    if not len(picture):
        raise SettingError(f"FIXATIONS {file}: no look is at a picture of this run, such as {images[0]}")
    order = np.argsort(picture, kind="stable")
    look = look[order]
    sigma = settings.reach(fixations.aspect[look])
    numbers = (picture[order], fixations.place[look], lasted[order], fixations.observer[look], sigma)
    parts = [torch.from_numpy(np.ascontiguousarray(part)) for part in numbers]
    return Seen(len(images), *parts), fixations


def on_gaze_grid(maps: Tensor, window: Tensor) -> Tensor:
    """Return maps (B, h, w) as integrals over the cells (B, *GRID) of the whole picture; 0 outside of a window."""
    along = []
    for axis, cells in ((1, GRID[0]), (0, GRID[1])):
        edges = torch.linspace(0, 1, cells + 1)
        start, end = window[:, axis, None], window[:, axis + 2, None]
        moved = ((edges - start) / (end - start)).double()
        side = maps.shape[2 - axis]
        along.append(
            hat_integrals(moved[:, :-1].reshape(-1), moved[:, 1:].reshape(-1), side).view(-1, cells, side)
        )
    return (along[0] @ maps.double() @ along[1].mT).float()


def gaze_scores(maps: Tensor, seen: Seen, unit: NDArray[np.int64]) -> dict[str, Tensor]:
    """Return the seven scores (B,) of maps (B, h, w); pictures of one unit (B,) are fitted together."""
    together = torch.zeros(GRID, dtype=torch.float64)
    for density in seen.blocks():
        together += density.sum(0)
    fold = torch.from_numpy(unit % 2)
    looked = Looked(seen.picture, seen.cell, fold, centre_of(together))
    return scores(zip(maps.split(TOGETHER), seen.blocks(), strict=True), looked)


def ceiling_of(seen: Seen, unit: NDArray[np.int64]) -> dict[str, Tensor]:
    """Return the scores (B,) of all other observers' map at one observer's looks, the mean over some observers."""
    people = torch.unique(seen.observer)
    draws = np.random.default_rng(0)
    ceiling = {name: torch.full((seen.pictures,), torch.nan, dtype=torch.float64) for name in NAMES}
    if len(people) < 2:
        return ceiling
    some = np.sort(draws.permutation(seen.pictures)[:MOST_PICTURES])
    chosen = seen.of(torch.isin(seen.picture, torch.from_numpy(some)))
    place = torch.searchsorted(torch.from_numpy(some), chosen.picture)
    chosen = replace(chosen, pictures=len(some), picture=place)
    found = []
    for one in draws.permutation(people.numpy())[:MOST_OBSERVERS].tolist():
        others = torch.cat(list(chosen.of(chosen.observer != one).blocks()))
        found.append(gaze_scores(others, chosen.of(chosen.observer == one), unit[some]))
    for name in NAMES:
        ceiling[name][torch.from_numpy(some)] = torch.nanmean(torch.stack([each[name] for each in found]), 0)
    return ceiling


def by_label(
    label: NDArray[np.object_],
    found: dict[str, Tensor],
    shifted: dict[str, Tensor],
    ceiling: dict[str, Tensor],
    unit: NDArray[np.int64],
) -> pd.DataFrame:
    """Return a row of each label and score, those of all pictures first."""
    rows = []
    for name in [ALL, *sorted(set(label))]:
        of = np.ones(len(label), bool) if name == ALL else label == name
        for score in NAMES:
            values = found[score].numpy()[of]
            low, high = unit_interval(values, unit[of])
            beside = (_mean(other[score].numpy()[of]) for other in (shifted, ceiling))
            rows.append((name, score, _mean(values), low, high, *beside))
    return pd.DataFrame(rows, columns=["label", "score", "value", "low", "high", "shifted", "ceiling"])


def unit_interval(values: NDArray[np.float64], unit: NDArray[np.int64]) -> tuple[float, float]:
    """Return the middle 95 % of the mean over resamples of the units; NaN where there are fewer than FEWEST."""
    known = ~np.isnan(values)
    _, place = np.unique(unit[known], return_inverse=True)
    units = place.max(initial=-1) + 1
    if units < FEWEST:
        return np.nan, np.nan
    sums, counts = np.bincount(place, values[known]), np.bincount(place)
    drawn = np.random.default_rng(0).multinomial(units, np.full(units, 1 / units), DRAWS)
    low, high = np.quantile((drawn @ sums) / (drawn @ counts), [0.025, 0.975])
    return float(low), float(high)


def gaze_lines(rows: pd.DataFrame) -> list[str]:
    """Return in words how near the maps come to where people look."""
    first = rows[rows["label"] == ALL].set_index("score")
    auc, gain = first.loc["sauc"], first.loc["gain"]
    ends = "" if np.isnan(auc["low"]) else f" ({auc['low']:.3f} to {auc['high']:.3f})"
    ceiling = "" if np.isnan(auc["ceiling"]) else f", one person by the others {auc['ceiling']:.3f}"
    return [
        f"shuffled AUC {auc['value']:.3f}{ends}; by the looks at other pictures {auc['shifted']:.3f}{ceiling}",
        f"{gain['value']:.2f} bits a look over knowing the centre alone",
    ]


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
