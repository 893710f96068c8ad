"""The pictures of a Parquet file: encoded, as in Hugging Face's data sets, or a column of paths."""

import json
import posixpath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emocam.data.annotations.table import IMAGE
from emocam.data.corpus.rows import ShardRows
from emocam.errors import SettingError
from emocam.settings.secret_words import check_no_secret

BYTES = ("image", "img", "picture", "bytes", "jpg", "jpeg", "png", "webp")
TRUTHS = ("label", "truth", "cls", "class", "labels", "fine_label")
ADDRESSES = (*IMAGE, "url", "uri", "address", "image_url", "image_path", "file_name")


def is_damage(error: Exception) -> bool:
    """Return whether an error is of a file's bytes, and no store's: Arrow's own ones of reading have no number."""
    return isinstance(error, pa.ArrowException) or (type(error) is OSError and error.errno is None)


def picture_column(schema: pa.Schema, address: str) -> tuple[str, str]:
    """Return the column of pictures and what it holds: `struct`, `binary` or `paths`."""
    kinds = {name: _kind(schema.field(name).type) for name in schema.names}
    for wanted, names in (("struct", BYTES), ("binary", BYTES), ("paths", ADDRESSES)):
        # one that is called so, else the only one
        own = [name for name, kind in kinds.items() if kind == wanted]
        called = [name for name in names if name in own]
        if called or (len(own) == 1 and wanted != "paths"):
            return (called or own)[0], wanted
    raise SettingError(
        f"data.root {address} has no column of pictures; expected image with {{bytes, path}} as in Hugging Face's "
        f"data sets, a column of bytes, or one of paths called {' or '.join(IMAGE)}; its columns are "
        f"{', '.join(schema.names[:12])}"
    )


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        inner = {kind.field(i).name: kind.field(i).type for i in range(kind.num_fields)}
        return "struct" if "bytes" in inner and _is_binary(inner["bytes"]) else ""
    if _is_binary(kind):
        return "binary"
    return "paths" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else ""


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def read_parquet_rows(file: pq.ParquetFile, address: str) -> tuple[ShardRows, str]:
    """List the pictures of a file; the second is what its column holds."""
    column, kind = picture_column(file.schema_arrow, address)
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    group = [number for number, count in enumerate(groups) for _ in range(count)]
    start = [row for count in groups for row in range(count)]
    truth = _truths(file)
    found = ShardRows(_names(file, column, kind, len(group)), group, start, truth=truth)
    if kind == "paths":
        _drop_repeated(found, posixpath.basename(address))
    return found, kind


def _names(file: pq.ParquetFile, column: str, kind: str, count: int) -> list[str]:
    """Return the paths that the rows give their pictures, where each has one of its own, else their numbers."""
    paths: list[Any] = []
    if kind == "paths":
        rows = file.read(columns=[column])[column].to_pylist()
        for path in rows:
            check_no_secret(path or "", f"data.root: {column}")
        return [posixpath.normpath(path) if path and "://" not in path else path or "" for path in rows]
    inner = [field.name for field in file.schema_arrow.field(column).type] if kind == "struct" else []
    if "path" in inner:
        paths = [row and row["path"] for row in file.read(columns=[f"{column}.path"])[column].to_pylist()]
        named = [posixpath.normpath(f"/{path}").lstrip("/") if path else "" for path in paths]
        if all(named) and len(set(named)) == count:
            return named
    return [str(row) for row in range(count)]


def _truths(file: pq.ParquetFile) -> list[str | None]:
    """Return the class of each row, by its name where the file's metadata names classes."""
    schema = file.schema_arrow
    column = next((name for name in TRUTHS if name in schema.names), None)
    if column is None or not (
        _kind(schema.field(column).type) == "paths" or _whole(schema.field(column).type)
    ):
        return []
    names = _class_names(schema, column)
    values = file.read(columns=[column])[column].to_pylist()
    # -1 is Hugging Face's word for a row without a class
    return [None if value is None or (names and value == -1) else _named(value, names) for value in values]


def _whole(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind)


def _named(value: Any, names: list[str]) -> str:
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else str(value)


def _class_names(schema: pa.Schema, column: str) -> list[str]:
    """Return the names of a ClassLabel column, which `datasets` writes into the schema's metadata."""
    try:
        told = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"][column]
        names = told["names"] if isinstance(told, dict) and told.get("_type") == "ClassLabel" else []
    except (KeyError, ValueError, TypeError, RecursionError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _drop_repeated(found: ShardRows, name: str) -> None:
    """Leave out rows without a path, and those whose path an earlier row has."""
    first: dict[str, int] = {}
    for row, path in enumerate(found.paths):
        if path:
            first.setdefault(path, row)
    kept = list(first.values())
    if dropped := len(found.paths) - len(kept):
        found.notes.append(
            f"{name}: {dropped:,} rows without a path, or with that of an earlier row, are left out"
        )
    found.paths = list(first)
    found.group, found.start = [found.group[row] for row in kept], [found.start[row] for row in kept]
    found.truth = [found.truth[row] for row in kept] if len(found.truth) else ()
