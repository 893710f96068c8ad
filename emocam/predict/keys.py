"""Keys that name all that decides a table: settings, files, code and pictures."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from emocam.results.files import METADATA
from emocam.version import __version__


def stamps(path: Path, inside: bool = False) -> list[Any]:
    """Return size and time of a file that a setting names, or of all below a folder of annotations."""
    files = sorted(path.rglob("*")) if inside and path.name and path.is_dir() else [path]
    try:
        return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    except (OSError, ValueError):  # a setting that is no path at all
        return []


def evidence_key(settings: dict[str, Any], listing: list[str]) -> str:
    """Name all that decides the evidence: settings, files they name, code and pictures.

    Not how it is computed: batch, workers and devices change nothing.
    """
    parts: dict[str, Any] = {
        name: settings.get(name)
        for name in ("data", "classifier", "detector", "vocabulary", "cam", "importance", "seed", "precision")
    }
    parts["data"] = {
        k: v
        for k, v in parts["data"].items()
        if k not in ("batch_size", "workers", "export", "max_unreadable", "group", "time")
    }

    def spell(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spell(item) for key, item in value.items()}
        return [value, stamps(Path(value))] if isinstance(value, str) else value

    listed = [*listing, stamps(Path(parts["data"].get("annotations") or ""), inside=True)]
    text = json.dumps([__version__, spell(parts), listed], sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def written_key(files: list[Path]) -> str | None:
    """Return the key under which complete files were written, if all of them are there."""
    if not all(file.is_file() for file in files):
        return None
    written = pq.read_schema(files[0]).metadata or {}
    return json.loads(written[METADATA])["key"] if METADATA in written else None
