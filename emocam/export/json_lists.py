"""JSON that is written item after item, so that memory does not grow with the corpus."""

import json
from collections.abc import Iterable
from typing import Any, TextIO


def write_list(file: TextIO, items: Iterable[Any]) -> int:
    """Write items as a JSON array, one a line, and return how many."""
    count = 0
    file.write("[")
    for item in items:
        file.write(f"{',' * bool(count)}\n{to_json(item)}")
        count += 1
    file.write("\n]")
    return count


def write_pairs(file: TextIO, pairs: Iterable[tuple[str, Any]]) -> int:
    """Write pairs as a JSON object, one a line, and return how many."""
    count = 0
    file.write("{")
    for key, value in pairs:
        file.write(f"{',' * bool(count)}\n{json.dumps(key)}: {to_json(value)}")
        count += 1
    file.write("\n}")
    return count


def to_json(value: Any) -> str:
    """Return a value as JSON that any reader takes: a number that is none is an error here, not there."""
    return json.dumps(value, allow_nan=False)
