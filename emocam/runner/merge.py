"""One run from the shards of a corpus.

The tables of all shards become those of the whole, under the key of the whole. What follows is the
ordinary command without `data.shard`: it finds its evidence finished in its folder, counts, draws and
tracks, so that nothing can tell the merged run from one that was never divided.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from emocam.errors import SettingError
from emocam.intervention.flips import leave_flips
from emocam.intervention.paste import paste_key, regions_of
from emocam.predict.components import Parts
from emocam.predict.keys import digest, written_key
from emocam.predict.provenance import corpus_digest, source
from emocam.results.files import METADATA
from emocam.results.merge_tables import Piece, write_interleaved
from emocam.results.run import Run
from emocam.runner.command import Command, parts_of
from emocam.runner.shards import check_alike, complete, read_piece
from emocam.runner.single import run
from emocam.settings.check import writable
from emocam.settings.experiments import register

TABLES = ("maps", "evidence", "predictions", "ledger")
"""In the order of writing: with a ledger the evidence counts as finished."""


@dataclass(frozen=True)
class Merge:
    """`folders` are those of the shards' runs, in any order; `allowed` is as `allow=[...]` of a run."""

    folders: Sequence[Path]
    out: Path
    allowed: list[str]

    def run(self) -> int:
        """The exit status, as that of the run."""
        register()
        started = time.perf_counter()
        pieces = complete([read_piece(folder) for folder in self.folders])
        check_alike(pieces)
        command = self.command(pieces[0], started)
        writable(self.out)
        parts = parts_of(command, {})
        with parts.stage("merge"):
            merge_tables(pieces, parts)
        write_settings(command)
        explained = (Run(piece.folder).summary["seconds"].get("predict", 0.0) for piece in pieces)
        return run(command, {**parts.seconds, "predict": sum(explained)})

    def command(self, piece: Piece, started: float) -> Command:
        """The command that made this shard, without `data.shard`."""
        cfg = OmegaConf.load(piece.folder / ".hydra" / "config.yaml")
        assert isinstance(cfg, DictConfig)
        cfg.data.shard = None
        if list(cfg.allow) != self.allowed:
            cure = " ".join(f"--allow {module}" for module in cfg.allow) or "leave out --allow"
            raise SettingError(
                f"the shards were made with allow={list(cfg.allow)}; merge them so too: {cure}"
            )
        sys.path += [str(Path.cwd())] * bool(self.allowed)  # `python -m` looks here by itself
        file = piece.folder / ".hydra" / "overrides.yaml"
        words = [word for word in yaml.safe_load(file.read_text()) if "data.shard=" not in word]
        choices = Run(piece.folder).summary["choices"]
        return Command(cfg, self.out, choices, self.allowed, words, None, started)


def merge_tables(pieces: Sequence[Piece], parts: Parts) -> None:
    """The tables of the whole run in its folder, unless they are there."""
    key = digest(parts.settings, parts.listing)
    written = written_key([parts.folder / f"{name}.parquet" for name in TABLES[1:]])
    if written not in (None, key):
        raise SettingError(f"--out {parts.folder} holds a run of other settings; name another folder")
    if written is None:
        for piece in pieces:
            check_unchanged(piece, parts)
        names = whole_names(Run(pieces[0].folder), parts, key)
        for name in TABLES:
            metadata = {METADATA: json.dumps(names).encode()}
            write_interleaved(pieces, name, parts.folder / f"{name}.parquet", metadata)
    if parts.paste is not None:
        merge_paste(pieces, parts, paste_key(parts, key))


def whole_names(shard: Run, parts: Parts, key: str) -> dict[str, Any]:
    """What the tables say of themselves: as in a shard, but of the whole corpus."""
    data, settings = parts.data, parts.settings["data"]
    corpus = {"data": corpus_digest(settings, data, parts.listing), "source": source(settings, data)}
    return {**shard.names, "made_of": {**shard.names["made_of"], **corpus}, "key": key}


def check_unchanged(piece: Piece, parts: Parts) -> None:
    """The key of a shard names settings, code, weights, annotations and pictures: it must still fit them."""
    data = {**parts.settings["data"], "shard": str(piece.shard)}
    key = digest({**parts.settings, "data": data}, list(piece.shard.part(parts.listing)))
    if Run(piece.folder).names["key"] != key:
        raise SettingError(
            f"RUN {piece.folder}, shard {piece.shard}, was made of other pictures, annotations or weights than "
            "its settings name today; run it again, or merge where its paths lead to the same files"
        )


def merge_paste(pieces: Sequence[Piece], parts: Parts, key: str) -> None:
    """What pasting changed, and the strongest flips of the whole run."""
    target = parts.folder / "paste.parquet"
    if parts.paste is None or written_key([target]) == key:
        return
    names = {"labels": Run(pieces[0].folder).label_names, "key": key}
    write_interleaved(pieces, "paste", target, {METADATA: json.dumps(names).encode()})
    regions = regions_of(parts.folder, parts.paste.where, parts.thresholds.score)
    leave_flips(parts, parts.listing, regions)


def write_settings(command: Command) -> None:
    """`.hydra/`, as the whole run would have it."""
    inner = command.folder / ".hydra"
    inner.mkdir(exist_ok=True)
    OmegaConf.save(command.cfg, inner / "config.yaml")
    OmegaConf.save(OmegaConf.create(command.words), inner / "overrides.yaml")
