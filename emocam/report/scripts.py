"""Data as classic scripts, which are all that a page opened from disk may load."""

import json
from pathlib import Path
from typing import Any

import numpy as np


def plain_values(value: Any) -> Any:
    """Convert a number or array of numpy to what JSON can hold."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON")


def literal(data: Any) -> str:
    """Return JSON that is also JavaScript, and that no reader of HTML mistakes for a tag."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, default=plain_values)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def write_script(file: Path, data: dict[str, Any]) -> None:
    """Write a file that passes `data` to the page's one function."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"emocam({literal(data)});\n", encoding="ascii")
