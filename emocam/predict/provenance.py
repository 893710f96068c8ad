"""What a run's evidence was made of, in words and digests that tell two networks or two corpora apart."""

import hashlib
import json
from pathlib import Path
from typing import Any

from emocam.classifier.base import Classifier
from emocam.data.address import listed_files
from emocam.data.base import Data
from emocam.detector.base import Detector
from emocam.network.weights import fingerprint

SHORT = 32
"""Digits of a corpus's digest: MLflow takes at most 36."""
HANDLING = ("batch_size", "workers", "max_unreadable", "max_pixels", "export")
"""Settings of a data set that change none of its pictures."""


def ingredients(
    settings: dict[str, Any], data: Data, listing: list[str], classifier: Classifier, detector: Detector
) -> dict[str, str]:
    """Return digests or names of `data`, `weights` and `detector`, and `layer`, where the network was cut."""
    return {
        "data": corpus_digest(settings["data"], data, listing),
        "source": source(settings["data"], data),
        "classifier": type(classifier).__name__,
        "layer": str(getattr(classifier, "layer", "")),
        "weights": fingerprint(classifier),
        # one without an identity may be wrapped in a vocabulary, which has none either then
        "detector": detector.identity or str(settings["detector"]["_target_"]).rpartition(".")[2],
    }


def corpus_digest(settings: dict[str, Any], data: Data, listing: list[str]) -> str:
    """Digest the settings, and the listed files' names and sizes; where the folder is makes no difference."""
    kept = {key: value for key, value in sorted(settings.items()) if key not in HANDLING}
    files = {key: size(Path(value)) for key, value in kept.items() if isinstance(value, str)}
    told = {
        key: value if files.get(key) is None else files[key] for key, value in kept.items() if key != "root"
    }
    sizes = [size(Path(data.root).expanduser() / file) for file in listed_files(listing)] if data.root else []
    text = json.dumps([told, listing, sizes], default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:SHORT]


def source(settings: dict[str, Any], data: Data) -> str:
    """Return the folder, or of drawn pictures what draws them."""
    if data.root:
        return str(Path(data.root).expanduser().absolute())
    kept = {key: value for key, value in settings.items() if key not in HANDLING and value is not None}
    return json.dumps({key.removeprefix("_").removesuffix("_"): value for key, value in kept.items()})


def size(file: Path) -> int | None:
    try:
        return file.stat().st_size if file.is_file() else None
    except (OSError, ValueError):  # a setting that is no path at all
        return None
