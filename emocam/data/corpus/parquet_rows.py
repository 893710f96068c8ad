"""The pictures of a Parquet file: encoded, as in Hugging Face's data sets, or a column of paths."""

import json
import posixpath
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emocam.data.annotations.table import IMAGE
from emocam.data.corpus.rows import ShardRows
from emocam.errors import SettingError
from emocam.settings.secret_words import check_no_secret

BYTES = ("image", "img", "picture", "bytes", "jpg", "jpeg", "png", "webp")
TRUTHS = ("label", "truth", "cls", "class", "labels", "fine_label")
ADDRESSES = (*IMAGE, "url", "uri", "address", "image_url", "image_path", "file_name")


FEW_ROWS, LEAST_BYTES, MOST_ROWS = 100_000, 16, 20_000_000
"""Of more than FEW_ROWS pictures each takes LEAST_BYTES of the file; a file has MOST_ROWS of whatever."""
MOST_NAME = 4_096
"""Signs of a path, and of a class: what is longer is neither."""


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
    kind = _plain(kind)
    if pa.types.is_struct(kind):
        inner = {kind.field(i).name: kind.field(i).type for i in range(kind.num_fields)}
        return "struct" if "bytes" in inner and _is_binary(inner["bytes"]) else ""
    if _is_binary(kind):
        return "binary"
    return "paths" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else ""


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column whose repeated ones are kept once."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_binary(kind: pa.DataType) -> bool:
    kind = _plain(kind)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def open_packed(source: Any) -> pq.ParquetFile:
    """Open a file whose repeated values stay one: a value that a file holds once may stand in a million rows."""
    file = pq.ParquetFile(source)
    groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
    repeated = {
        column.path_in_schema
        for group in groups
        for column in map(group.column, range(group.num_columns))
        if column.physical_type == "BYTE_ARRAY" and any("DICTIONARY" in word for word in column.encodings)
    }
    return (
        pq.ParquetFile(source, metadata=file.metadata, read_dictionary=sorted(repeated)) if repeated else file
    )


def read_group(file: pq.ParquetFile, group: int, column: str, child: str = "") -> pa.ChunkedArray:
    """Read a column of a row group, or of its structs one child alone."""
    return file.read_row_group(group, columns=[f"{column}.{child}" if child else column])[column]


def _read_column(file: pq.ParquetFile, column: str, child: str = "") -> Iterator[pa.Array]:
    """Read a column group by group: what is repeated within structs cannot be read across them."""
    for group in range(file.num_row_groups):
        values = read_group(file, group, column, child)
        yield from (pc.struct_field(chunk, child) if child else chunk for chunk in values.chunks)


def read_parquet_rows(file: pq.ParquetFile, address: str, size: int = 0) -> tuple[ShardRows, str]:
    """List the pictures of a file of so many bytes; the second is what its column holds."""
    column, kind = picture_column(file.schema_arrow, address)
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    _check_rows(groups, kind, size)
    group = np.repeat(np.arange(len(groups)), groups)
    start = np.concatenate([np.zeros(0, np.int64), *map(np.arange, groups)])
    truth = _truths(file)
    found = ShardRows(_names(file, column, kind, len(group)), group, start, truth=truth)
    if kind == "paths":
        _drop_repeated(found, posixpath.basename(address))
    return found, kind


def _check_rows(groups: list[int], kind: str, size: int) -> None:
    """Refuse more rows than a file can hold pictures, before any is listed: they may be nothing, or one of them."""
    rows = sum(groups)
    too_many = kind != "paths" and rows > FEW_ROWS and size < rows * LEAST_BYTES
    if too_many or rows > MOST_ROWS or min(groups, default=0) < 0:
        raise pa.ArrowInvalid(f"{rows:,} rows in {size:,} bytes are no pictures, or too many for one file")


def _texts(chunks: Iterable[pa.Array]) -> list[str | None]:
    """Return texts, one of each that is repeated; None for what is longer than a name."""
    found: list[str | None] = []
    for chunk in chunks:
        if pa.types.is_dictionary(chunk.type):
            kept = [*_short(chunk.dictionary), None]
            found += [kept[place] for place in pc.fill_null(chunk.indices, len(kept) - 1).to_pylist()]
        else:
            found += _short(chunk)
    return found


def _short(texts: pa.Array) -> list[str | None]:
    fits = pc.less_equal(pc.binary_length(texts), MOST_NAME)
    kept: list[str | None] = pc.if_else(fits, texts, None).to_pylist()
    return kept


def _names(file: pq.ParquetFile, column: str, kind: str, count: int) -> list[str]:
    """Return the paths that the rows give their pictures, where each has one of its own, else their numbers."""
    if kind == "paths":
        rows = _texts(_read_column(file, column))
        for path in rows:
            check_no_secret(path or "", f"data.root: {column}")
        return [posixpath.normpath(path) if path and "://" not in path else path or "" for path in rows]
    inner = [field.name for field in file.schema_arrow.field(column).type] if kind == "struct" else []
    if "path" in inner:
        paths = _texts(_read_column(file, column, "path"))
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
    values: list[Any] = []
    for chunk in _read_column(file, column):
        values += chunk.to_pylist() if _whole(chunk.type) else _texts([chunk])
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
