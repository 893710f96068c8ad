"""A few pictures named one by one."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emocam.data.base import Data
from emocam.data.image_file import open_upright
from emocam.errors import SettingError
from emocam.records.picture import Picture


@dataclass(kw_only=True)
class Files(Data):
    """`files` in the order in which they are named; their common folder is the root."""

    files: Sequence[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.files:
            raise SettingError("data.files must name at least one picture")
        found = self._places()
        for file in found:
            if not file.is_file():
                raise SettingError(f"data.files: there is no file {file}")
        if len({file.resolve() for file in found}) < len(found):
            raise SettingError(f"data.files must name different pictures, got {list(self.files)}")
        self.root = Path(os.path.commonpath([file.parent for file in found]))

    def paths(self) -> list[str]:
        root = Path(self.root or ".")
        return [file.relative_to(root).as_posix() for file in self._places()]

    def _places(self) -> list[Path]:
        """Return the whole paths, without dots."""
        return [Path(os.path.normpath(Path(file).expanduser().absolute())) for file in self.files]

    def open(self, path: str) -> Picture:
        return Picture(open_upright(Path(self.root or ".") / path, self.max_pixels)[0])
