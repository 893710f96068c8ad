"""What a picture's row was made of, to tell later whether it still is: its file, and what is known of it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emocam.data.base import Data
from emocam.errors import StoreLost
from emocam.records.picture import Contents
from emocam.settings.digests import Digests
from emocam.settings.stored_file import StoredFile

DIGITS = 16


def contents_of(data: Data, path: str, digests: Digests) -> Contents:
    """Return the digests of one picture."""
    return all_contents(data, [path], digests)[0]


def all_contents(data: Data, paths: Sequence[str], digests: Digests) -> list[Contents]:
    """Return the digests of pictures; a file is read only where it is not known already."""
    found = zip(paths, digests.of_all(picture_files(data, paths)), strict=True)
    return [Contents(digest, _facts(data, path)) for path, digest in found]


def picture_files(data: Data, paths: Sequence[str]) -> list[Path | StoredFile | None]:
    """Return the file of each picture; None for one that is drawn, or has a name that leads to none."""
    files: list[Path | StoredFile | None] = []
    for path in paths:
        try:
            files.append(data.picture_file(path))
        except StoreLost:
            raise
        except Exception:  # whatever a name leads to, it is the picture's own fault, which the ledger tells
            files.append(None)
    return files


def _facts(data: Data, path: str) -> str | None:
    try:
        facts = data.facts_of(path)
    except StoreLost:
        raise
    except Exception:  # so it is here
        return None
    if not facts:
        return None
    digest = hashlib.sha256()
    _digest(digest, facts)
    return digest.hexdigest()[:DIGITS]


def _digest(digest: "hashlib._Hash", value: object) -> None:
    """Add a value and all that it holds; what lies in it by its type as well, so that none runs into another."""
    digest.update(f"{type(value).__name__}(".encode())
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, dict):
        for key in sorted(value):
            _digest(digest, key)
            _digest(digest, value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            _digest(digest, item)
    elif hasattr(value, "__dataclass_fields__"):
        _digest(digest, vars(value))
    else:
        digest.update(repr(value).encode("utf-8", "surrogatepass"))
    digest.update(b")")
