"""What a table says of the files that faces are in: the label, the person, and whatever else it has."""

from dataclasses import dataclass, field
from pathlib import Path

from emocam.data.annotations.matching import match_images
from emocam.data.annotations.rows import find_column, place, read_rows, texts
from emocam.data.annotations.source import Source
from emocam.data.annotations.table import IMAGE
from emocam.errors import SettingError

TAKEN = ("image", "source", "time", "track", "label", "confidence", "logits", "index", "face")
"""Columns that a run has of its own."""


@dataclass(frozen=True)
class FileFacts:
    """The table's columns, and by file what it says in each."""

    columns: list[str] = field(default_factory=list)
    of_file: dict[str, dict[str, str]] = field(default_factory=dict)


def facts_of_files(annotations: str | Path | None, root: Path, files: list[str]) -> FileFacts:
    """Read the table; each of its rows is of one file, and of all the faces in it."""
    if annotations is None:
        return FileFacts()
    table = Path(annotations).expanduser()
    source = Source(table)
    rows = read_rows(source)
    image = find_column(source, rows, (*IMAGE, "source"))
    columns = [str(name) for name in rows.columns if name != image and str(name).lower() not in TAKEN]
    named = texts(source, rows, image)
    values = {column: texts(source, rows, column, empty=True) for column in columns}
    found: dict[str, dict[str, str]] = {}
    for row, name in enumerate(named):
        said = {column: values[column][row] for column in columns}
        if found.setdefault(name, said) != said:
            raise source.fault(place(row), "the same of one file", name)
    file_of = match_images(found, root, files, f"data.annotations {table}")
    if not file_of:
        raise SettingError(
            f"data.annotations {table} speaks of no file under data.root {root}; its first is {named[:1]}"
        )
    return FileFacts(columns, {file_of[name]: said for name, said in found.items() if name in file_of})
