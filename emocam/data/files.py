"""A few pictures named one by one."""

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from emocam.data.base import Data
from emocam.data.corpus.objects import StoredObjects
from emocam.data.corpus.store import Store
from emocam.data.image_file import open_upright
from emocam.errors import SettingError
from emocam.records.picture import Picture
from emocam.settings.roots import local_path, names_address
from emocam.settings.stored_file import StoredFile


@dataclass(kw_only=True)
class Files(Data):
    """`files` in the order in which they are named; their common folder is the root."""

    files: Sequence[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.objects_there: StoredObjects | None = None
        if not self.files:
            raise SettingError("data.files must name at least one picture")
        self.files = [local_path(file) for file in self.files]
        if any(map(names_address, self.files)):
            self._take_addresses()
            return
        found = self._places()
        for file in found:
            if not file.is_file():
                raise SettingError(f"data.files: there is no file {file}")
        if len({file.resolve() for file in found}) < len(found):
            raise SettingError(f"data.files must name different pictures, got {list(self.files)}")
        self.root = Path(os.path.commonpath([file.parent for file in found]))

    def _take_addresses(self) -> None:
        """Take the folder that all the addresses share for the root."""
        folders = [posixpath.dirname(str(file)).split("/") for file in self.files]
        shared = [
            parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))
        ]
        root = "/".join(shared)
        if not names_address(f"{root}/") or len(shared) < 3:
            raise SettingError(
                f"data.files must name files of this machine, or addresses of one store, got {list(self.files)}"
            )
        self.root = root
        self.objects_there = StoredObjects(Store(root, "data.files"))
        if len(set(self.paths())) < len(self.files):  # also the same one, spelt with other dots
            raise SettingError(f"data.files must name different pictures, got {list(self.files)}")

    def paths(self) -> list[str]:
        if self.objects_there is not None:
            return [self.objects_there.relative(str(file)) for file in self.files]
        root = Path(self.root or ".")
        return [file.relative_to(root).as_posix() for file in self._places()]

    def _places(self) -> list[Path]:
        """Return the whole paths, without dots."""
        return [Path(os.path.normpath(Path(file).absolute())) for file in self.files]

    def picture_file(self, path: str) -> Path | StoredFile:
        if self.objects_there is not None:
            return self.objects_there.picture(path)
        return Path(self.root or ".") / path

    def open(self, path: str) -> Picture:
        return Picture(open_upright(self.picture_file(path), self.max_pixels)[0])

    def open_small(self, path: str, side: int) -> Picture:
        return Picture(open_upright(self.picture_file(path), self.max_pixels, side)[0])
