"""What a run's evidence was made of, in words and digests that tell two networks or two corpora apart."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from emocam.data.base import Data
from emocam.predict.components import Components
from emocam.predict.stale import COLUMNS
from emocam.results.chunks import Chunks
from emocam.settings.read_files import Files

SHORT = 32
"""Digits of a corpus's digest: MLflow takes at most 36."""
HANDLING = ("batch_size", "workers", "max_unreadable", "max_pixels", "export")
"""Settings of a data set that change none of its pictures."""


def ingredients(components: Components, chunks: Chunks) -> dict[str, str]:
    """Return what made the evidence that lies in chunks.

    `data`, `weights` and `detector` are digests or names; `layer` is where the network was cut.
    """
    rows = chunks.ledger(COLUMNS)
    classifier, detector = components.classifier, components.detector
    return {
        **corpus(components, rows),
        "classifier": type(classifier).__name__,
        "layer": str(getattr(classifier, "layer", "")),
        "weights": components.weights,
        # one without an identity may be wrapped in a vocabulary, which has none either then
        "detector": detector.identity or str(components.settings["detector"]["_target_"]).rpartition(".")[2],
    }


def corpus(components: Components, ledger: pa.Table) -> dict[str, str]:
    """Return the digest of the pictures in a ledger's rows, and where they came from."""
    settings, data = components.settings["data"], components.data
    digest = corpus_digest(settings, components.read["data"], ledger.select(COLUMNS))
    return {"data": digest, "source": source(settings, data)}


def corpus_digest(settings: dict[str, Any], read: Files, ledger: pa.Table) -> str:
    """Digest the settings, the files that were read, and the pictures; where the folder is makes no difference.

    The pictures are those of a ledger's rows, each with its name and the digest of its content.
    """
    told = {key: value for key, value in sorted(settings.items()) if key not in (*HANDLING, "root")}
    told = {key: value for key, value in told.items() if not _names_any(value, read)}
    text = json.dumps([told, sorted(read.values()), ledger.to_pydict()], default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:SHORT]


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
