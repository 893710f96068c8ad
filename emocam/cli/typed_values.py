"""The values of settings as they are typed in a shell: what Hydra would read otherwise is put between quotes.

Hydra has a grammar of its own: it knows no accents, no parentheses and no `~`, and takes 2026 for a number.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

SETTING = re.compile(r"(?P<key>[+~]*[\w./@]+)=(?P<value>.+)", re.DOTALL)
PLAIN = re.compile(r"[A-Za-z_./-][\w./-]*", re.ASCII)
"""A value that Hydra reads as it stands, as a text or as null, true and the like."""
UNREADABLE = object()


def as_typed(word: str, sweep: bool = False) -> str:
    """Return a setting with its value between quotes where Hydra cannot read it, or reads something else.

    Something else is what stands for a file that is there, under this name. With `sweep` commas part values.
    """
    match = SETTING.fullmatch(word)
    if match is None or PLAIN.fullmatch(match["value"]):
        return word
    key, value = match["key"], match["value"]
    home = str(Path(value).expanduser()) if value.startswith("~") else value
    meant = _read(word)
    if _exists(home):
        return word if meant == home and "${" not in home else f"{key}={quoted_text(home)}"
    if meant is not UNREADABLE:
        return word
    if sweep and "," in value and value[0] not in "[{":
        parts = [as_typed(f"{key}={part}").removeprefix(f"{key}=") for part in _parts(value)]
        return f"{key}={','.join(parts)}"
    if value[0] in "[{":
        inner = [as_typed(f"{key}={part}").removeprefix(f"{key}=") for part in _parts(value[1:-1])]
        return f"{key}=[{','.join(inner)}]" if value[0] == "[" and value[-1] == "]" else word
    quoted = f"{key}={quoted_text(home)}"
    return quoted if _read(quoted) is not UNREADABLE else word


def _read(word: str) -> Any:
    """Return what Hydra reads of a word, or UNREADABLE."""
    try:
        return OverridesParser.create().parse_override(word).value()
    except (HydraException, ValueError):
        return UNREADABLE


def _exists(place: str) -> bool:
    try:
        return Path(place).exists()
    except (OSError, ValueError):  # too long for a path, or with a zero byte
        return False


def _parts(text: str) -> Iterator[str]:
    """Yield what commas part, but those between quotes, and in brackets."""
    depth, quote, part = 0, "", ""
    for sign in text:
        if sign == "," and not depth and not quote:
            yield part.strip()
            part = ""
            continue
        if sign == quote:
            quote = ""
        elif sign in "'\"" and not quote and not part.strip():
            quote = sign
        depth += (sign in "[{(") - (sign in ")}]") if not quote else 0
        part += sign
    yield part.strip()


def quoted_value(value: object) -> str:
    """Return a value as a word's right side, whatever signs it holds: names of files have quotes and commas."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{quoted_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(quoted_value, value)) + "]"
    return str(value) if PLAIN.fullmatch(str(value)) else quoted_text(str(value))


def quoted_text(text: str) -> str:
    """Return a text between quotes, so that Hydra and OmegaConf read it as it is."""
    # a backslash counts before a quote, or before the end, alone
    inner = re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), text)
    return "'" + inner.replace("${", "\\${") + "'"
