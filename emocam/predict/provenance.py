"""What a run's evidence was made of, in words and digests that tell two networks or two corpora apart."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from emocam.data.base import Data
from emocam.predict.components import Components
from emocam.predict.stale import COLUMNS
from emocam.results.chunks import Chunks
from emocam.results.files import LEDGER
from emocam.settings.read_files import Files

Columns = Mapping[str, Callable[[], Iterable[pa.Array | pa.ChunkedArray]]]
"""Columns of a ledger, each read piece by piece in the order of the listing."""
SHORT = 32
"""Digits of a corpus's digest: MLflow takes at most 36."""
HANDLING = ("batch_size", "workers", "max_unreadable", "max_pixels", "export")
"""Settings of a data set that change none of its pictures."""


def ingredients(components: Components, chunks: Chunks) -> dict[str, str]:
    """Return what made the evidence that lies in chunks.

    `data`, `weights` and `detector` are digests or names; `layer` is where the network was cut.
    """
    classifier, detector = components.classifier, components.detector
    return {
        **corpus(components, {name: partial(_column, chunks, name) for name in COLUMNS}),
        "classifier": type(classifier).__name__,
        "layer": str(getattr(classifier, "layer", "")),
        "weights": components.weights,
        # one without an identity may be wrapped in a vocabulary, which has none either then
        "detector": detector.identity or str(components.settings["detector"]["_target_"]).rpartition(".")[2],
    }


def _column(chunks: Chunks, name: str) -> Iterator[pa.ChunkedArray]:
    """Yield a column of the ledgers of chunks."""
    return (rows[name] for rows in chunks.in_order(LEDGER, [name]))


def corpus(components: Components, ledger: Columns) -> dict[str, str]:
    """Return the digest of the pictures in a ledger's rows, and where they came from."""
    settings, data = components.settings["data"], components.data
    digest = corpus_digest(settings, components.read["data"], ledger)
    return {"data": digest, "source": source(settings, data)}


def corpus_digest(settings: dict[str, Any], read: Files, ledger: Columns) -> str:
    """Digest the settings, the files that were read, and the pictures; where the folder is makes no difference.

    The pictures are those of a ledger's rows, each with its name and the digest of its content. The digest is that of
    one text with all of them, which is made and forgotten piece by piece.
    """
    told = {key: value for key, value in sorted(settings.items()) if key not in (*HANDLING, "root")}
    told = {key: value for key, value in told.items() if not _names_any(value, read)}
    digest = hashlib.sha256()
    for text in _text([told, sorted(read.values())], ledger):
        digest.update(text.encode(errors="surrogateescape"))
    return digest.hexdigest()[:SHORT]


def _text(told: list[Any], ledger: Columns) -> Iterator[str]:
    """Yield `[*told, {"image": [...], ...}]` as JSON, in pieces."""
    yield json.dumps(told, default=str)[:-1] + ", {"
    for number, (name, read) in enumerate(ledger.items()):
        yield f"{', ' * bool(number)}{json.dumps(name)}: ["
        between = ""
        for rows in read():
            if len(rows):
                yield between + json.dumps(rows.to_pylist())[1:-1]
                between = ", "
        yield "]"
    yield "}]"


def source(settings: dict[str, Any], data: Data) -> str:
    """Return the folder, or of drawn pictures what draws them."""
    if "://" in str(data.root or ""):
        return str(data.root)
    if data.root:
        return str(Path(data.root).expanduser().absolute())
    kept = {key: value for key, value in settings.items() if key not in HANDLING and value is not None}
    return json.dumps({key.removeprefix("_").removesuffix("_"): value for key, value in kept.items()})


def _names_any(value: object, read: Files) -> bool:
    """Return whether a setting names one of the files that were read, or a folder of them."""
    if not isinstance(value, str):
        return False
    place = Path(value).expanduser()
    return any(Path(file).is_relative_to(place) for file in read)
