"""A file's name as text in tables, and the file's name again: no two files share one text."""

import os
import re

ESCAPED = re.compile(rb"\\(\\|x([0-9a-f]{2}))")


def spelt(text: str) -> str:
    """Return text in which bytes that are no UTF-8 are spelt out."""
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # no file's name, but what JSON can hold
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def printable(path: str) -> str:
    r"""Return a file name as text: bytes that are no UTF-8 are spelt `\xff`, and a backslash is doubled."""
    return spelt(path.replace("\\", "\\\\"))


def unprinted(name: str) -> str:
    """Return the file name that a text in a table stands for."""
    return os.fsdecode(ESCAPED.sub(_meant, name.encode("utf-8")))


def _meant(found: re.Match[bytes]) -> bytes:
    return b"\\" if found[2] is None else bytes.fromhex(found[2].decode())
