"""A folder of pictures, with all its subfolders."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emocam.data.annotated import NO_REGIONS, AnnotationTable, upright
from emocam.data.base import Data
from emocam.data.opening import SUFFIXES, inside, open_upright
from emocam.errors import SettingError
from emocam.structures import Picture


def walk(root: Path) -> list[str]:
    """Every entry with an image's suffix except directories: relative, posix, sorted by name."""
    found = []
    for folder, _, names in os.walk(root):
        base = Path(folder).relative_to(root)
        found += [(base / name).as_posix() for name in names if Path(name).suffix.lower() in SUFFIXES]
    return sorted(found)


@dataclass(kw_only=True)
class Folder(Data):
    """`root` is walked; links that lead out of it are refused unless `follow_links`."""

    follow_links: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.root is None:
            raise SettingError("data.root is not set; give the folder that holds the pictures")
        self.root = Path(self.root).expanduser()
        if not self.root.is_dir():
            raise SettingError(f"data.root must be a folder, and there is none at {self.root}")
        self.table = self.annotated()
        self.objects = self.table.objects if self.table else []
        self.labels = sorted(set(self.table.truth.values())) if self.table and self.table.truth else None

    def annotated(self) -> AnnotationTable | None:
        """What people wrote about these pictures."""
        return None

    def paths(self) -> list[str]:
        paths = walk(Path(self.root or "."))
        if not paths:
            raise SettingError(
                f"data.root {self.root} holds no picture; expected files ending in "
                f"{', '.join(sorted(SUFFIXES))}, in it or below it"
            )
        return paths

    def open(self, path: str) -> Picture:
        root = Path(self.root or ".")
        file = root / path if self.follow_links else inside(root, path)
        image, orientation = open_upright(file, self.max_pixels)
        if self.table is None:
            return Picture(image)
        regions = self.table.regions.get(path, NO_REGIONS)
        boxes = np.clip(upright(regions, image.size, orientation), 0, 1)
        known: dict[str, str | float] = {"truth": self.table.truth.get(path, "")} if self.table.truth else {}
        return Picture(image, boxes.astype(np.float32), regions.object, regions.masks, known)
