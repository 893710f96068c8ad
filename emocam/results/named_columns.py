"""What a run's tables must be to be read at all: anybody may have written the folder."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from emocam.errors import SettingError
from emocam.results.files import BOX, EVIDENCE, METADATA, PREDICTIONS, parquet
from emocam.results.parquet_file import has_table, read_schema

NUMBERS = ("confidence", "score", "importance", "chance", "chance_centre", *BOX)
TEXTS = ("image", "object", "label")
NEEDED_OF = {
    PREDICTIONS: ("image", "label", "confidence", "logits"),
    EVIDENCE: ("image", "label", "object", "score", "importance", *BOX),
}
"""Columns that no version left out."""


def read_names(folder: Path) -> dict[str, Any]:
    """Return what the predictions say of labels, objects and what made them, once the tables are such as we write."""
    file = folder / parquet(PREDICTIONS)
    schema = read_schema(file)
    written = schema.metadata or {}
    if METADATA not in written:
        raise SettingError(f"{file} was not written by emocam; run it again")
    try:
        names = json.loads(written[METADATA])
    except ValueError:
        names = None
    if not isinstance(names, dict) or not all(_are_names(names.get(key)) for key in ("labels", "objects")):
        raise SettingError(f"{file} must name its labels and objects, each once, and it does not; {AGAIN}")
    labels = names["labels"]
    _check_columns(file, schema, PREDICTIONS)
    logits = schema.field("logits").type
    lists = pa.types.is_list(logits) or pa.types.is_large_list(logits)  # as others write them
    if not lists and not (pa.types.is_fixed_size_list(logits) and logits.list_size == len(labels)):
        raise SettingError(
            f"{file}: logits must be {len(labels)} numbers, one a label, got {logits}; {AGAIN}"
        )
    many = names.get("many")
    if many is not None and not (
        isinstance(many, list) and len(many) == len(labels) and "labels" in schema.names
    ):
        raise SettingError(f"{file} says of many labels a picture, and has no list of them; {AGAIN}")
    if names.get("asked") not in (None, *labels):
        raise SettingError(f"{file} was asked about {names['asked']!r}, which is none of its labels; {AGAIN}")
    if has_table(regions := folder / parquet(EVIDENCE)):
        _check_columns(regions, read_schema(regions), EVIDENCE)
    return names


AGAIN = "give the command that made the run again, in another folder"


def _are_names(names: object) -> bool:
    return (
        isinstance(names, list) and all(isinstance(n, str) for n in names) and len(set(names)) == len(names)
    )


def _check_columns(file: Path, schema: pa.Schema, table: str) -> None:
    for name in NEEDED_OF[table]:
        if name not in schema.names:
            raise SettingError(f"{file} has no column {name}; {AGAIN}")
    for field in schema:
        type_of = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if field.name in TEXTS and not (pa.types.is_string(type_of) or pa.types.is_large_string(type_of)):
            raise SettingError(f"{file}: {field.name} must be text, got {field.type}; {AGAIN}")
        if field.name in NUMBERS and not pa.types.is_floating(field.type):
            raise SettingError(f"{file}: {field.name} must be numbers, got {field.type}; {AGAIN}")
