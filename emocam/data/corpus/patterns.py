"""What `data.root` may be beside a folder: addresses, shards, and patterns of shards."""

import itertools
import posixpath
import re
from pathlib import Path, PurePosixPath

from emocam.errors import SettingError
from emocam.settings.roots import ADDRESS

BEHIND = re.compile(r"\.(?:tar|parquet)/", re.IGNORECASE)
BRACES = re.compile(r"\{([^{}]*)\}")
NUMBERS = re.compile(r"(\d+)\.\.(\d+)")
MOST = 1_000_000
"""Shards that one pattern may name."""


def behind_shard(path: str) -> str:
    """Return a picture's name within its shard; the path as it is where no shard is named."""
    return BEHIND.split(path, maxsplit=1)[-1]


def lies_in_shard(root: Path, path: str) -> bool:
    """Return whether a picture below a folder of this machine is part of a file, and none of its own."""
    return any((root / above).is_file() for above in PurePosixPath(path).parents)


def expanded(pattern: str) -> list[str]:
    """Return what the braces of a pattern stand for, in order: `{0000..0009}` numbers, `{a,b}` words."""
    parts, last = [], 0
    for found in BRACES.finditer(pattern):
        parts += [[pattern[last : found.start()]], _choices(found[1], pattern)]
        last = found.end()
    parts.append([pattern[last:]])
    count = 1
    for part in parts:
        count *= len(part)
    if count > MOST:
        raise SettingError(f"data.root {pattern!r} names {count:,} shards; at most {MOST:,} can be named")
    return ["".join(chosen) for chosen in itertools.product(*parts)]


def _choices(inner: str, pattern: str) -> list[str]:
    found: list[str] = []
    for word in inner.split(","):
        if (ends := NUMBERS.fullmatch(word)) is None:
            found.append(word)
            continue
        first, last = int(ends[1]), int(ends[2])
        if last < first or last - first >= MOST:
            raise SettingError(f"data.root {pattern!r}: {{{word}}} must count upwards, to at most {MOST:,}")
        found += [str(number).zfill(len(ends[1])) for number in range(first, last + 1)]
    return found


def top_of(pattern: str) -> str:
    """Return the folder or address that all the shards of a pattern lie below."""
    plain = re.split(r"[{*]", pattern, maxsplit=1)[0]
    found = ADDRESS.match(plain)
    protocol, place = (found[0], plain[found.end() :]) if found else ("", plain)
    return protocol + posixpath.dirname(place)


def checked_shards(pattern: str, shards: list[str]) -> list[str]:
    """Return the shards that a pattern names; refuse one that is named twice."""
    seen: set[str] = set()
    for shard in shards:
        if posixpath.normpath(shard) in seen:
            raise SettingError(f"data.root {pattern!r} names the shard {shard} twice; name each once")
        seen.add(posixpath.normpath(shard))
    return shards
