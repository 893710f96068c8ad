"""No method of a network: maps that any other tool left as files, or those of a finished run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.data.annotations.rows import read_rows
from emocam.data.annotations.source import Source
from emocam.errors import SettingError
from emocam.functional.map.maps import normalise
from emocam.records.base import WHOLE
from emocam.settings.read_files import noted

BOX = ("x0", "y0", "x1", "y1")
SUFFIXES = (".npy", ".png")
LARGEST = 64
"""Cells of a side that are kept of a map; a finer one is averaged."""
MOST_PIXELS = 50_000_000


class Given(CAM):
    """Maps below `root`: for a.jpg a.npy or a.png, of the whole picture, or those of a run, over what it saw.

    A picture without a map has failed: to give it an empty one would say that nothing was looked at.
    """

    looks_inside = False

    def __init__(
        self, score: Score = "logit", target: str = "predicted", root: str | Path | None = None
    ) -> None:
        super().__init__(score, target)
        if root is None:
            raise SettingError(
                "cam.root is not set; cam=given needs a folder of maps (a.npy or a.png), or a finished run"
            )
        folder = Path(root).expanduser()
        if not folder.is_dir():
            raise SettingError(
                f"cam.root must be a folder of maps or a finished run, and there is none at {folder}"
            )
        self.of_run = RunMaps(folder) if (folder / "maps.parquet").exists() else None
        self.files = {} if self.of_run else map_files(folder)
        if not self.of_run:
            self.grid = kept_grid(read_map(next(iter(self.files.values()))).shape)

    def maps(self, forward: ForwardPass) -> Tensor:
        if self.of_run is not None:
            return self.of_run.maps(forward.paths).to(forward.x.device)
        return torch.stack([self._map(path) for path in forward.paths]).to(forward.x.device)

    def windows(self, forward: ForwardPass) -> Tensor:
        whole = torch.tensor(WHOLE).expand(len(forward.paths), 4)
        found = whole if self.of_run is None else self.of_run.windows(forward.paths)
        return found.to(forward.x.device)

    def _map(self, path: str) -> Tensor:
        assert self.grid is not None
        file = next((self.files[name] for name in map_names(path) if name in self.files), None)
        if file is None:
            return torch.full(self.grid, torch.nan)
        values = torch.from_numpy(read_map(file))[None]
        if values.shape[1:] != self.grid:
            values = interpolate(values[None], self.grid, mode="area")[0]
        return normalise(values)[0]


class RunMaps:
    """The maps of a finished run, by the picture's path."""

    def __init__(self, folder: Path) -> None:
        table = folder / "maps.parquet"
        files = sorted(table.glob("part-*.parquet")) if table.is_dir() else [table]
        rows = pd.concat([read_rows(Source(file, "cam.root")) for file in files], ignore_index=True)
        shapes = set(zip(rows["height"], rows["width"], strict=True))
        if len(shapes) != 1:
            raise SettingError(
                f"cam.root {folder} must be a run whose maps have one resolution, got {sorted(shapes)}"
            )
        self.place = {image: i for i, image in enumerate(rows["image"].astype(str))}
        values = np.stack(rows["map"].to_list()).reshape(len(rows), *shapes.pop())
        self.all = torch.from_numpy(values.astype(np.float32))
        self.window = torch.from_numpy(rows[[*BOX]].to_numpy(np.float32, copy=True))

    def maps(self, paths: Sequence[str]) -> Tensor:
        nothing = torch.full_like(self.all[0], torch.nan)
        return torch.stack(
            [self.all[i] if (i := self.place.get(path)) is not None else nothing for path in paths]
        )

    def windows(self, paths: Sequence[str]) -> Tensor:
        return self.window[[self.place.get(path, 0) for path in paths]]


def map_files(root: Path) -> dict[str, Path]:
    """Return the maps below a folder, by their path without the ending."""
    files = sorted(file for file in root.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if not files:
        raise SettingError(f"cam.root {root} holds no map: neither {' nor '.join(SUFFIXES)}")
    for file in files:
        noted(file)
    return {file.relative_to(root).with_suffix("").as_posix(): file for file in reversed(files)}


def map_names(path: str) -> tuple[str, str]:
    """Return what a picture's map may be called, without its ending: a for a.jpg, or a.jpg for a.jpg."""
    return path.rpartition(".")[0], path


def kept_grid(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the resolution at which all maps are kept: that of the first, as far as LARGEST."""
    height, width = shape
    scale = min(1.0, LARGEST / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def read_map(file: Path) -> np.ndarray:
    """Return a map (h, w) of numbers; of a coloured picture how bright it is."""
    try:
        with noted(file).open("rb") as opened:
            if file.suffix.lower() == ".npy":
                values = np.load(opened, allow_pickle=False)
            else:
                with Image.open(opened, formats=("PNG",)) as image:
                    if image.width * image.height > MOST_PIXELS:
                        raise ValueError(f"it has more than {MOST_PIXELS:,} pixels")
                    values = np.asarray(image.convert("F" if image.mode in ("I", "I;16", "F") else "L"))
        values = np.squeeze(np.asarray(values, np.float32))
    except Exception as error:  # whatever numpy and Pillow raise
        reason = " ".join(str(error).split())[:160]
        raise SettingError(f"cam.root: {file} cannot be read as a map ({reason})") from None
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise SettingError(
            f"cam.root: {file} must be a map of finite numbers (h, w), got {tuple(values.shape)}"
        )
    return values
