"""The pictures of one or several folders, small enough to be held against each other."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import adaptive_avg_pool2d

from emocam.data.folder import Folder
from emocam.functional.statistics.picture_copies import SIDE


@dataclass(frozen=True)
class Pictures:
    """The N pictures that could be opened: names, digests of their pixels, grey (N, SIDE, SIDE), sizes (N, 2).

    `labels` are the folders right under a root in which they lie, empty where they lie in none; `folders` says which
    of the roots it is.
    """

    names: list[str]
    digests: list[str]
    greys: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    labels: list[str]
    folders: list[int]
    unreadable: int
    sources: list[tuple[Folder, str]]

    def opened(self, number: int) -> Image.Image:
        """Return one of the pictures, upright."""
        folder, path = self.sources[number]
        return folder.open(path).image


def read_pictures(folders: Sequence[Path]) -> Pictures:
    """Open every picture once; of several folders a name says which one it lies in."""
    names, digests, greys, sizes, labels, of, sources, unreadable = [], [], [], [], [], [], [], 0
    for number, root in enumerate(folders):
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
            sizes.append(image.size)
            greys.append(small_grey(pixels))
            parts = PurePosixPath(path).parts
            labels.append(parts[0] if len(parts) > 1 else "")
            of.append(number)
            sources.append((data, path))
    small = np.stack(greys) if greys else np.zeros((0, SIDE, SIDE), np.uint8)
    return Pictures(
        names, digests, small, np.array(sizes, np.int64).reshape(-1, 2), labels, of, unreadable, sources
    )


def small_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels (h, w, 3) in grey at SIDE x SIDE, each the mean of its part."""
    grey = torch.from_numpy(pixels.mean(2, dtype=np.float32))[None]
    return adaptive_avg_pool2d(grey, (SIDE, SIDE))[0].round().to(torch.uint8).numpy()
