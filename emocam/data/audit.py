"""The pictures of one or several folders, small enough to be held against each other."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from emocam.data.folder import Folder
from emocam.functional.thumbnail import COLUMNS, ROWS, thumbnail


@dataclass(frozen=True)
class Pictures:
    """The N pictures that could be opened: names, digests of their pixels, thumbnails (N, ROWS, COLUMNS)."""

    names: list[str]
    digests: list[str]
    thumbnails: NDArray[np.uint8]
    unreadable: int
    sources: list[tuple[Folder, str]]

    def opened(self, number: int) -> Image.Image:
        """Return one of the pictures, upright."""
        folder, path = self.sources[number]
        return folder.open(path).image


def read_pictures(folders: Sequence[Path]) -> Pictures:
    """Open every picture once; of several folders a name says which one it lies in."""
    names, digests, thumbnails, sources, unreadable = [], [], [], [], 0
    for root in folders:
        data = Folder(root=root)
        for path in data.paths():
            try:
                image = data.open(path).image
                pixels = np.asarray(image.convert("RGB"))
            except Exception:  # a crafted file may raise anything; the rest is looked at all the same
                unreadable += 1
                continue
            names.append(path if len(folders) == 1 else (root / path).as_posix())
            digests.append(hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest())
            thumbnails.append(thumbnail(torch.from_numpy(pixels.copy()).permute(2, 0, 1)).numpy())
            sources.append((data, path))
    small = np.stack(thumbnails) if thumbnails else np.zeros((0, ROWS, COLUMNS), np.uint8)
    return Pictures(names, digests, small, unreadable, sources)
