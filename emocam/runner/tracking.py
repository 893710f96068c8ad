"""A run in the tracking store: begun before the work, told at its end, and never the reason that work is lost.

What the store does not take is kept in the folder, where `emocam upload` finds it.
"""

import contextlib
import hashlib
import json
import math
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from emocam.errors import Interrupted, SettingError
from emocam.logger.mlflow import ERROR, PARENT, Ending, MLflow, TrackedRun, absolute, public, reason_of
from emocam.predict.components import Components
from emocam.results.file_list import update_file_list
from emocam.results.files import SUMMARY, TRAINING_STATE
from emocam.results.leading_out import without_links_out
from emocam.results.ledger import ledger_of
from emocam.results.run import Run
from emocam.results.summary import read_summary, write_summary
from emocam.runner.command import Command
from emocam.runner.description import describe, describe_sweep
from emocam.runner.kinds import KINDS
from emocam.runner.large_run import KEPT_BACK, is_large
from emocam.runner.seen_files import SEEN
from emocam.runner.shard_task import MARK
from emocam.runner.sweep_files import own_files
from emocam.runner.tracking_record import FILE, TrackingRecord, forget_record, read_record
from emocam.settings.build import build
from emocam.settings.secret_words import hide_secrets
from emocam.system.run_lock import LOCK, is_held
from emocam.version import __version__

TASKS = ("train", "evaluate", "reduce", "trust", "prescribe", "watch")
"""Settings of one task alone, or of a verb."""
FIRST = ("images", "done", "unreadable", "refused", "failed", "lost", "regions")
"""Counts come last of a run's numbers: MLflow's charts begin with the first."""


@dataclass
class Tracking:
    """One run of the store and what its folder keeps of it; `tracked` is None while the store does not answer."""

    folder: Path
    record: TrackingRecord
    open_store: Callable[[], MLflow]
    tracked: TrackedRun | None = None
    goes_on: bool = False

    def begin(self, store: MLflow) -> None:
        """Make the run in the store; what was killed before, here or elsewhere on this machine, is ended.

        A training that goes on goes on in the run that it was begun in.
        """
        end_killed(store, self.folder)
        self.record.write(self.folder)
        if (begun := self._begun(store)) is not None:
            self.tracked, self.record.name, self.goes_on = store.reopen(begun.id or ""), begun.name, True
            if self.record.parent is not None:
                self.tracked.tags({PARENT: self.record.parent})
        else:
            self.tracked = store.create(self.record.name, self.record.tags, self.record.parent)
        self.record.id = self.tracked.id
        self.record.write(self.folder)
        self._step("params")

    def _begun(self, store: MLflow) -> TrackingRecord | None:
        """Return the record of an interrupted training with the same settings, whose run the store still has."""
        begun = read_record(self.folder / TRAINING_STATE)
        if begun is None or begun.id is None or (begun.uri, begun.experiment) != self._place:
            return None
        same = begun.params == json.loads(json.dumps(self.record.params, default=str))
        return begun if same and store.knows(begun.id) else None

    @property
    def _place(self) -> tuple[str, str]:
        return self.record.uri, self.record.experiment

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        """Log numbers of a step, once: what was logged before the training was interrupted is there already."""
        if self.tracked is None:
            return
        if not (self.goes_on and self.tracked.has_step(next(iter(numbers)), step)):
            self.tracked.metrics(numbers, step)
        if (self.folder / TRAINING_STATE).is_dir():
            self.record.write(self.folder / TRAINING_STATE)

    def complete(self) -> str | None:
        """Send the store all that it does not have yet; return why it could not be sent, if so."""
        try:
            if self.tracked is None:
                self._find()
            for step in list(self.record.missing):
                self._step(step)
        except Exception as error:  # of MLflow, its database's driver, the network or the disk
            with contextlib.suppress(OSError):
                self.record.write(self.folder)
            return reason_of(error)
        forget_record(self.folder)
        return None

    def _find(self) -> None:
        """Find the run in the store again, or make it there."""
        store = self.open_store()
        if self.record.id is not None and store.knows(self.record.id):
            self.tracked = TrackedRun(store, self.record.id)
            return
        self.tracked = store.create(self.record.name, self.record.tags, self.record.parent)
        self.record.id = self.tracked.id
        self.record.missing = ["params", *(step for step in self.record.missing if step != "params")]
        self.record.write(self.folder)

    def _step(self, step: str) -> None:
        assert self.tracked is not None
        {
            "params": lambda tracked: tracked.params(self.record.params),
            "metrics": lambda tracked: tracked.metrics(self._numbers()),
            "files": lambda tracked: tracked.files(self.folder, self._files()),
            "description": self._describe,
            "status": lambda tracked: tracked.end(self.record.ending or "FINISHED"),
        }[step](self.tracked)
        self.record.missing.remove(step)

    def _numbers(self) -> dict[str, float]:
        if self.record.kind == "sweep":
            return self.record.metrics
        numbers = summary_numbers(read_summary(self.folder))
        return dict(sorted(numbers.items(), key=lambda number: number[0] in FIRST))

    def _files(self) -> list[Path]:
        if self.record.kind == "sweep":
            return list(without_links_out(list(own_files(self.folder)), self.folder))
        left = (LOCK, FILE, MARK, SEEN, *(KEPT_BACK if is_large(self.folder) else ()))
        own = [path for path in sorted(self.folder.iterdir()) if path.name not in left]
        return list(without_links_out(own, self.folder))

    def _describe(self, tracked: TrackedRun) -> None:
        if self.record.kind == "sweep":
            describe_sweep(tracked, self.folder, self.record.told, self.record.tags["emocam.command"])
            return
        run = Run(self.folder)
        summary = run.summary
        data = summary.get("choices", {}).get("data", "")
        describe(tracked, run, summary, ledger_of(summary).line, data)

    def fail(self, ending: Ending, error: BaseException | None = None) -> None:
        """End the run of work that did not succeed; a store that is gone, too, is no second error."""
        self.record.ending, self.record.missing = ending, ["status"]
        if self.tracked is None:
            forget_record(self.folder)  # there is nothing that could be told later
            return
        try:
            if self.record.kind == "sweep":
                self.tracked.end_children(ending)
            if error is not None:
                self.tracked.tags({ERROR: " ".join(str(error).split()) or type(error).__name__})
            self.tracked.end(ending)
            forget_record(self.folder)
        except Exception as fault:
            with contextlib.suppress(OSError):
                self.record.write(self.folder)
            sys.stderr.write(f"{owed(self.folder, self.record, reason_of(fault))}\n")


def owed(folder: Path, record: TrackingRecord, reason: str) -> str:
    """Return the sentence about what a store does not have."""
    *others, last = record.missing
    what = f"{', '.join(others)} and {last}" if others else last
    return (
        f"logger.uri {record.uri} does not have the {record.kind}'s {what} ({reason}); all of it is in {folder}, "
        f"and `emocam upload {folder}` completes it"
    )


def end_killed(store: MLflow, folder: Path) -> None:
    """End the runs whose processes were killed before they could say it: in this folder, or with a lock let go."""
    for run in store.running():
        record = read_record(run.folder)
        if record is None or record.uri != public(store.uri):
            continue
        is_own = run.folder.absolute() == folder.absolute()
        if not is_own and (record.host != socket.gethostname() or is_held(run.folder)):
            continue
        # a process may be killed after its run is there and before it knows the id
        if record.id == run.id or (record.id is None and run.start >= record.since):
            store.end(run.id, "KILLED" if record.ending is None else record.ending)
            # finished work whose store went is owed all the rest of it still
            record.missing = [step for step in record.missing if record.ending and step != "status"]
            if record.missing:
                record.write(run.folder)
            else:
                forget_record(run.folder)


@contextmanager
def tracked(command: Command, components: Components) -> Iterator[Tracking | None]:
    """Begin the run in the tracking store, and end it there where the work inside did not succeed."""
    with components.stage("tracking"):
        tracking = begin_tracking(command, components.settings)
    try:
        yield tracking
    except (KeyboardInterrupt, Interrupted):
        if tracking:
            tracking.fail("KILLED")
        raise
    except Exception as error:
        if tracking:
            tracking.fail("FAILED", error)
        raise


def begin_tracking(command: Command, settings: dict[str, Any]) -> Tracking | None:
    """Begin the run of a command; a run of a sweep goes on without a store that went since the sweep began."""
    if command.cfg.get("logger") is None:
        return None
    logger = OmegaConf.to_container(command.cfg.logger, resolve=True)
    assert isinstance(logger, dict)
    place = str(logger.get("uri")), str(logger.get("experiment"))

    def open_store() -> MLflow:
        beside = command.store
        if beside is not None and beside.is_of(*place) and beside.opened():
            return beside
        store: MLflow = build(command.cfg.get("logger"), "logger", command.allowed, KINDS["logger"])
        return store

    words = command.line
    tags = {
        "emocam.version": __version__,
        "emocam.command": words,
        "mlflow.source.name": words,
        "emocam.folder": str(command.folder.absolute()),
    }
    record = TrackingRecord(
        uri=public(absolute(place[0])),
        experiment=place[1],
        name=run_name(command),
        params=params(settings, command.choices),
        tags=tags,
        parent=command.parent,
    )
    try:
        return begin_run(command.folder, record, open_store(), open_store)
    except SettingError as error:
        if command.parent is None:
            raise
        # its sweep began with a store: that one is gone is no reason to lose the rest of the sweep
        record.write(command.folder)
        sys.stderr.write(f"{hide_secrets(str(error))}; the run goes on without\n")
        return Tracking(command.folder, record, open_store)


def begin_run(
    folder: Path, record: TrackingRecord, store: MLflow, open_store: Callable[[], MLflow] | None = None
) -> Tracking:
    """Begin a run in a store that was just opened."""
    tracking = Tracking(folder, record, open_store or (lambda: store))
    try:
        tracking.begin(store)
    except Exception as error:  # of MLflow, its database's driver or the network
        tracking.fail("FAILED")
        raise SettingError(
            f"logger.uri {public(store.uri)} does not take a run ({reason_of(error)}); name another store, or "
            "go without by logger=null"
        ) from None
    return tracking


def finish_tracking(
    tracking: Tracking, ending: Ending = "FINISHED", without: Collection[str] = ()
) -> str | None:
    """Send finished work to the store; return the sentence about what it does not have, if so."""
    tracking.record.ending = ending
    tracking.record.missing = [step for step in tracking.record.missing if step not in without]
    reason = tracking.complete()
    return None if reason is None else owed(tracking.folder, tracking.record, reason)


def note_tracking(folder: Path, sentence: str | None, seconds: Mapping[str, float] | None = None) -> None:
    """Write into a run's summary what the store does not have, or take it out, and what its stages took, if given."""
    if not (folder / SUMMARY).is_file():
        return
    summary = read_summary(folder)
    before = dict(summary)
    summary.pop("tracking", None)
    if sentence is not None:
        summary["tracking"] = sentence
    if seconds is not None:
        summary["seconds"] = dict(seconds)
    if summary == before:
        return
    with contextlib.suppress(OSError):  # the disk may be what is full
        write_summary(folder, summary)
        update_file_list(folder, SUMMARY)


def run_name(command: Command) -> str:
    """Return data, method, and four digits that tell two runs apart."""
    cam = command.choices.get("cam")
    what = [command.choices.get("data", ""), "presence" if cam in (None, "None", "null") else cam]
    if command.typed:
        what = command.typed[:1]
    elif command.choices.get("task") != "association":
        what = [command.choices.get("task", "")]
    digits = hashlib.sha256(f"{command.folder}{time.time_ns()}".encode()).hexdigest()[:4]
    return "-".join([*(w for w in what if w), digits])


def params(settings: dict[str, Any], choices: dict[str, str]) -> dict[str, object]:
    """Return the params, few and short: each group's option, and the plain values set in it."""
    hidden = ("callback", "trainer", "logger", "hydra", "allow", "quiet", "cache")
    handling = ("data.batch_size", "data.workers", "data.max_unreadable", "data.max_pixels")
    told: dict[str, object] = {}
    # what is compared most stands first
    for name in sorted(settings, key=lambda name: (name != "cam", name not in ("data", "classifier"))):
        value = settings[name]
        if name in hidden or (name in TASKS and choices.get("task") != name):
            continue
        if name == "timeline" and not (settings.get("data") or {}).get(name):  # nobody was asked
            continue
        if name in choices:
            told[name] = choices[name]
        if isinstance(value, dict):
            inner = {f"{name}.{key}": item for key, item in value.items() if not isinstance(item, dict)}
            told |= {
                key: item
                for key, item in inner.items()
                if item is not None and key not in handling and not key.startswith(f"{name}._")
            }
        elif name not in choices and value is not None:
            told[name] = value
    return told


def summary_numbers(summary: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the summary's numbers, nested names joined by a slash; NaN for None, so that all runs' keys agree."""
    found: dict[str, float] = {}
    for name, value in summary.items():
        if isinstance(value, dict) and name != "thresholds":
            found |= summary_numbers(value, f"{prefix}{name}/")
        elif value is None:
            found[f"{prefix}{name}"] = math.nan
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = value
    return found
