"""One run from the shards of a corpus.

The tables of all shards become those of the whole, under the key of the whole. What follows is the
ordinary command without `data.shard`: it finds its evidence finished in its folder, counts, draws and
tracks, so that nothing can tell the merged run from one that was never divided.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from emocam.data.base import Data
from emocam.data.printed import printable
from emocam.errors import SettingError
from emocam.intervention.flips import leave_flips
from emocam.intervention.paste import paste_key, paste_marks, regions_of
from emocam.intervention.row_marks import is_written, marks_metadata
from emocam.predict.components import Components
from emocam.predict.kept_way import WAY
from emocam.predict.keys import evidence_key, written_key
from emocam.predict.provenance import corpus
from emocam.predict.recall import recall
from emocam.predict.stale import COLUMNS, stale_rows
from emocam.results.files import ASKED, LEDGER, METADATA, SUMS, parquet
from emocam.results.ledger import ledger_rows
from emocam.results.merge_parts import write_parts
from emocam.results.merge_tables import ShardRun, column_in_order, write_interleaved
from emocam.results.name_places import NamePlaces
from emocam.results.parts import is_in_parts
from emocam.results.run import Run
from emocam.runner.command import Command, build_components
from emocam.runner.shards import all_shards, check_same_settings, read_shard_run
from emocam.runner.single import run_command
from emocam.settings.check import writable
from emocam.settings.experiments import register
from emocam.settings.paths import resource_folder
from emocam.settings.recorded import (
    check_recorded,
    left_out,
    read_settings,
    recorded_words,
    settings_file,
    tell_foreign_paths,
)
from emocam.system.run_lock import locked

TABLES = ("faces", "features", "thumbnails", "maps", "evidence", "predictions", "ledger")
"""In the order of writing: with a ledger the evidence counts as finished."""
MOST_IN_ONE_FILE = 1_000_000
"""Pictures of a run whose tables `merge` writes into one file each, where nothing else is asked for."""


@dataclass(frozen=True)
class Merge:
    """`folders` are those of the shards' runs, in any order; `allowed` is as `allow=[...]` of a run.

    `address` names that of the pictures, where they are not in a folder.
    """

    folders: Sequence[Path]
    out: Path
    allowed: list[str]
    parts: bool | None = None
    """Whether its tables are folders of the shards' own; by itself this is so of many pictures."""
    address: str | None = None

    def run(self) -> int:
        """Merge the shards, and return the exit status as that of the run."""
        register()
        started = time.perf_counter()
        shard_runs = all_shards([read_shard_run(folder) for folder in self.folders])
        check_same_settings(shard_runs)
        command = self.command(shard_runs[0], started)
        writable(self.out)
        with locked(self.out, "--out"):
            return self._run(shard_runs, command)

    def _run(self, shard_runs: list[ShardRun], command: Command) -> int:
        components = build_components(command, {})
        with components.stage("merge"):
            recall(components.data, [shard_run.folder for shard_run in shard_runs])
            in_parts = self.in_parts(shard_runs, components)
            merge_tables(placed_in_listing(shard_runs, components), components, in_parts)
        explained = (Run(shard_run.folder).summary["seconds"].get("predict", 0.0) for shard_run in shard_runs)
        return run_command(command, {**components.seconds, "predict": sum(explained)})

    def in_parts(self, shard_runs: Sequence[ShardRun], components: Components) -> bool:
        """Return whether the tables stay in parts; pasting goes through pictures in the listing's order."""
        if components.paste is not None:
            if self.parts:
                raise SettingError(
                    "--parts: a run with paste has its tables in one file each; leave --parts out"
                )
            return False
        pictures = sum(shard_run.rows(LEDGER) for shard_run in shard_runs)
        parts = pictures > MOST_IN_ONE_FILE if self.parts is None else self.parts
        if parts:
            sys.stderr.write(
                f"the tables of {pictures:,} pictures stay in {len(shard_runs):,} parts, in folders of their names; "
                "--no-parts writes one file each\n"
            )
        return parts

    def command(self, shard_run: ShardRun, started: float) -> Command:
        """Return the command that made this shard, without `data.shard`."""
        settings = handled_as_usual(shard_run.folder, self.address)
        made_of = Run(shard_run.folder).names.get("made_of", {})
        tell_foreign_paths(shard_run.folder, settings, made_of.get("source"), "RUN")
        cfg = OmegaConf.create(settings)
        cfg.data.shard = None
        if list(cfg.allow) != self.allowed:
            cure = " ".join(f"--allow {module}" for module in cfg.allow) or "leave out --allow"
            raise SettingError(
                f"the shards were made with allow={list(cfg.allow)}; merge them so too: {cure}"
            )
        sys.path += [str(Path.cwd())] * bool(self.allowed)  # `python -m` looks here by itself
        words = [word for word in recorded_words(shard_run.folder) if "data.shard=" not in word]
        choices = Run(shard_run.folder).summary["choices"]
        return Command(cfg, self.out, choices, self.allowed, words, None, started)


def handled_as_usual(folder: Path, address: str | None = None) -> dict[str, Any]:
    """Return the settings of a shard's run; where it is tracked and cached is for this machine to say."""
    conf = resource_folder("conf")
    usual = {
        "cache": OmegaConf.to_container(OmegaConf.load(conf / "config.yaml"))["cache"],  # type: ignore[index,call-overload]
        "logger": OmegaConf.to_container(OmegaConf.load(conf / "logger" / "mlflow.yaml")),
    }
    settings = read_settings(folder)
    if keys := left_out(settings, usual):
        sys.stderr.write(
            f"{', '.join(keys)} of RUN {folder} is not taken, as for any run; MLFLOW_TRACKING_URI and "
            "MLFLOW_EXPERIMENT_NAME say where a merged run is tracked\n"
        )
    settings |= {key: value for key, value in usual.items() if settings.get(key) is not None}
    checked = {key: value for key, value in settings.items() if key not in usual}
    check_recorded(checked, settings_file(folder), address)
    return settings


def placed_in_listing(shard_runs: Sequence[ShardRun], components: Components) -> list[ShardRun]:
    """Return the shards with the places of their images in the whole listing.

    Every so-many-th image needs no list of them; data with other parts look their names up.
    """
    if type(components.data).part is Data.part:
        return list(shard_runs)
    places = NamePlaces(components.listing, printable)
    return [
        replace(shard_run, at=places.of([printable(path) for path in _own(shard_run, components)]))
        for shard_run in shard_runs
    ]


def _own(shard_run: ShardRun, components: Components) -> Sequence[str]:
    """Return the images that a shard should have."""
    return components.data.part(components.listing, shard_run.shard)


def merge_tables(shard_runs: Sequence[ShardRun], components: Components, in_parts: bool = False) -> None:
    """Write the tables of the whole run into its folder, unless they are there in this form."""
    key = evidence_key(components)
    written = written_key([components.folder / f"{name}.parquet" for name in TABLES[2:]])
    if written not in (None, key):
        raise SettingError(f"--out {components.folder} holds a run of other settings; name another folder")
    if written is None or is_in_parts(components.folder / parquet(LEDGER)) != in_parts:
        for shard_run in shard_runs:
            check_unchanged(shard_run, components)
        names = whole_names(shard_runs, components, key)
        for name in TABLES:
            metadata = {METADATA: json.dumps(names).encode()}
            write = write_parts if in_parts else write_interleaved
            write(shard_runs, name, components.folder / f"{name}.parquet", metadata)
        if in_parts:  # what the shards counted is not counted again
            write_parts(shard_runs, SUMS, components.folder / parquet(SUMS), {})
    if components.paste is not None:
        merge_paste(shard_runs, components, paste_key(components, key))


def whole_names(shard_runs: Sequence[ShardRun], components: Components, key: str) -> dict[str, Any]:
    """Return the tables' metadata: as in a shard, but of the whole corpus."""
    components.data.measure()
    shard = Run(shard_runs[0].folder)
    ledger = {name: partial(column_in_order, shard_runs, name) for name in COLUMNS}
    made_of = {**shard.names["made_of"], **corpus(components, ledger)}
    names = {
        name: value for name, value in shard.names.items() if name != ASKED
    }  # groups reach across shards
    way, notes = way_of_all([Run(one.folder).names.get(WAY) for one in shard_runs])
    notes = [*components.data.notes, *notes]
    names |= {} if way is None else {WAY: way}
    return {**names, "made_of": made_of, "notes": notes, "key": key}


def way_of_all(ways: Sequence[str | None]) -> tuple[str | None, list[str]]:
    """Return how the shards' networks were computed, and what a person should be told where that differs."""
    known = sorted({way for way in ways if way is not None})
    if len(known) < 2:
        return (known[0] if known else None), []
    told = ", ".join(known)
    return told, [
        f"the shards' networks were computed by different ways ({told}), so that numbers differ in their last places "
        "between them; fast=false computes all of them as they are written"
    ]


def check_unchanged(shard_run: ShardRun, components: Components) -> None:
    """Check that what a shard was made of is still so: settings, code and files by its key, and its pictures."""
    shard = shard_run.shard
    if Run(shard_run.folder).names["key"] != evidence_key(components, shard=str(shard)):
        raise SettingError(
            f"RUN {shard_run.folder}, shard {shard}, was made of other annotations, weights or code than its settings "
            "name today; remove its folder and run it again, or merge where its paths lead to the same files"
        )
    ledger = ledger_rows(shard_run.folder, [*COLUMNS])
    stale = stale_rows(components, ledger, _own(shard_run, components))
    if stale:
        raise SettingError(
            f"RUN {shard_run.folder}, shard {shard}: its pictures are not as they were when it was run: "
            f"{stale.sentence}; give its command, or that of its sweep, again with the same folder, which explains "
            "these alone (of pictures at an address, once .task.json is removed there)"
        )


def merge_paste(shard_runs: Sequence[ShardRun], components: Components, key: str) -> None:
    """Merge what pasting changed, and draw the strongest flips of the whole run."""
    target = components.folder / "paste.parquet"
    marks = paste_marks(components.folder)
    if components.paste is None or is_written(target, key, marks):
        return
    names = {"labels": Run(shard_runs[0].folder).label_names, "key": key}
    metadata = {METADATA: json.dumps(names).encode(), **marks_metadata(marks)}
    write_interleaved(shard_runs, "paste", target, metadata)
    regions = regions_of(Run(components.folder), components.paste.where, components.thresholds)
    leave_flips(components, components.listing, regions)
