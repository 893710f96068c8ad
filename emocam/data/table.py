"""The pictures that a table lists, CSV or Parquet, with what it says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from emocam.data.annotations.rows import find_column, numbers, place, read_rows, texts
from emocam.data.annotations.source import Source
from emocam.data.annotations.table import IMAGE
from emocam.data.corpus.objects import StoredObjects
from emocam.data.corpus.store import Store
from emocam.data.exif import FIELDS
from emocam.data.folder import Folder
from emocam.errors import SettingError, nearest
from emocam.settings.roots import names_address
from emocam.settings.secret_words import check_no_secret

Facts = dict[str, dict[str, str | float]]


@dataclass(kw_only=True)
class Table(Folder):
    """`column` of `file` holds paths under `root`, which is the file's own folder unless it is given.

    A column `truth` is the true label, columns `truth_*` are numbers known of the picture, such as
    truth_valence. `label` names another column for the label.
    """

    file: str | Path | None = None
    column: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        if self.file is None:
            raise SettingError("data.file is not set; give a table, CSV or Parquet, with a column of paths")
        self.file = Path(self.file).expanduser()
        if not self.file.is_file():
            raise SettingError(f"data.file: there is no file {self.file}")
        self.root = self.file.parent if self.root is None else self.root
        super().__post_init__()
        labels = {str(fact["truth"]) for fact in self.facts.values() if "truth" in fact} - {""}
        self.labels = sorted(labels) or None

    def _open_root(self) -> None:
        """Open what `root` names; below an address the table alone says what there is."""
        if names_address(self.root):
            self.root = str(self.root)
            self.corpus = StoredObjects(Store(self.root), self.follow_links)
        else:
            super()._open_root()

    @cached_property
    def facts(self) -> Facts:
        """What the table says of each picture, in its order."""
        source = Source(Path(self.file or ""), "data.file")
        rows = read_rows(source)
        named = texts(source, rows, self._column(source, rows))
        for path in named:
            check_no_secret(path, f"data.file {self.file}:")
        spelled = self.spelled(list(dict.fromkeys(named)), f"data.file {self.file}")
        paths = [spelled[path] for path in named]
        facts: Facts = {}
        truth = [self.label] if self.label else [c for c in rows if c == "truth"]
        labels = [texts(source, rows, find_column(source, rows, [c]), empty=True) for c in truth]
        numeric = [c for c in map(str, rows) if c.startswith("truth_") and c not in truth]
        values = {c: numbers(source, rows, c, empty=True) for c in numeric}
        for row, path in enumerate(paths):
            if path in facts:
                raise source.fault(place(row), "of a picture that no line before it names", named[row])
            facts[path] = {"truth": labels[0][row]} if labels else {}
            facts[path] |= {c: float(column[row]) for c, column in values.items()}
        if not facts:
            raise SettingError(f"data.file {self.file} lists no picture")
        return facts

    def _column(self, source: Source, rows: pd.DataFrame) -> str:
        return find_column(source, rows, [self.column] if self.column else IMAGE)

    def values(self, name: str, setting: str) -> Mapping[str, str]:
        if name in FIELDS:
            return super().values(name, setting)
        source = Source(Path(self.file or ""), "data.file")
        rows = read_rows(source)
        if name not in rows:
            raise SettingError(
                f"{setting}: {source.file} has no column {name!r}; {nearest(name, list(map(str, rows)))}"
            )
        return dict(zip(self.facts, texts(source, rows, name, empty=True), strict=True))

    def paths(self) -> list[str]:
        return list(self.facts)

    def known(self, path: str) -> dict[str, str | float]:
        return self.facts[path]
