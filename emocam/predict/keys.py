"""Keys that name all that decides a table: settings, code, and the contents of the files that were read.

The key of a run names no picture: each row of the ledger has the digests of its own, so that a picture that
changed makes its row stale and no other.
"""

import hashlib
import json
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from emocam.network.weights import fingerprint
from emocam.predict.components import Components
from emocam.results.files import METADATA
from emocam.results.parquet_file import has_table, read_schema
from emocam.settings.paths import PACKAGE
from emocam.version import __version__

DECIDING = (
    *("data", "classifier", "labels", "detector", "vocabulary", "cam", "attribution", "importance", "seed"),
    *("precision", "features", "fast"),
)
"""Settings that decide the evidence."""
READING = ("classifier", "detector", "vocabulary", "importance")
"""Components whose files each have one purpose, whatever they are called."""
HANDLING = ("batch_size", "workers", "export", "max_unreadable", "group", "time")
"""Settings of a data set that change no row: how it is read, and what is asked of it later."""
PLACES = ("accelerator", "devices", "num_nodes", "strategy")
"""Settings of a trainer that say where it computes."""
AFTERWARDS = ("api", "callback", "cli", "compare", "logger", "metric", "plot", "report")
"""Rooms that make something of finished tables, and decide none of their numbers."""


def evidence_key(components: Components, shared: Components | None = None, shard: str | None = None) -> str:
    """Name all that decides the evidence, save the pictures and how it is computed: batch, workers, devices.

    `shared` are the components that find it, where another run's do; `shard` is the one of the key that
    is asked for, where it is not the run's own.
    """
    shared, settings = shared or components, components.settings
    data = {key: value for key, value in settings["data"].items() if key not in HANDLING}
    if shard is not None:
        data["shard"] = shard
    trainer = {key: value for key, value in components.trainer.items() if key not in PLACES}
    # all are built before it is told what they read
    built = [
        shared.data,
        shared.classifier,
        shared.detector,
        shared.importance,
        components.cam_for(shared.classifier),
    ]
    told = [
        __version__,
        code_digest(),
        {name: settings.get(name) for name in DECIDING} | {"data": data, "trainer": trainer},
        shared.weights,
        fingerprint(shared.detector),
        sorted(shared.read["data"].items()),
        # where these lie makes no difference: each is read for one purpose, in one order
        [list(shared.read.get(name, {}).values()) for name in READING],
        list(components.read.get("cam", {}).values()),
        own_code([*built, *shared.detector.modules()]),
    ]
    if shared.classifier.many is not None:
        told.append(shared.classifier.many.tolist())
    return _digest(told)


def series_key(components: Components, draws: tuple[int, int]) -> str:
    """Name all that decides what is decoded from series: settings, code, and the files that were read."""
    _ = components.data  # built before it is told what it read
    data = {key: value for key, value in components.settings["data"].items() if key not in HANDLING}
    read = sorted(components.read["data"].items())
    return _digest([__version__, code_digest(), data, components.seed, draws, read])


def _digest(told: object) -> str:
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


@cache
def code_digest() -> str:
    """Digest our own code, and the files that come with it, as far as they decide a number."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        name = file.relative_to(PACKAGE)
        if file.suffix != ".pyc" and name.parts[0] not in AFTERWARDS and file.is_file():
            digest.update(f"{name.as_posix()}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def own_code(components: Sequence[object]) -> list[str]:
    """Digest the modules of a user's own classes, which `allow` let in."""
    modules = {kind.__module__ for component in components for kind in type(component).__mro__}
    files = {
        Path(file)
        for name in modules
        if (file := getattr(sys.modules.get(name), "__file__", None)) and not _installed(Path(file))
    }
    return sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file())


def _installed(file: Path) -> bool:
    """Return whether a file is ours, Python's or an installed package's."""
    ours = file.is_relative_to(PACKAGE) or file.is_relative_to(sysconfig.get_path("stdlib"))
    return ours or not {"site-packages", "dist-packages"}.isdisjoint(file.parts)


def intervention_key(
    components: Components, key: str, settings: Mapping[str, Any], shared: Components | None = None
) -> str:
    """Name all that decides what the classifier is asked of changed pictures of a run, save the pictures.

    `shared` are the components that ask it, where another run's do.
    """
    components = shared or components
    read = {name: list(components.read.get(name, {}).values()) for name in ("paste", "effect")}
    own = own_code([components.data, components.classifier, components.paste, components.effect])
    return _digest([key, code_digest(), components.weights, settings, components.fast, read, own])


def written_key(files: list[Path]) -> str | None:
    """Return the key under which complete files were written, if all of them are there."""
    if not all(has_table(file) for file in files):
        return None
    written = read_schema(files[0]).metadata or {}
    return json.loads(written[METADATA])["key"] if METADATA in written else None
