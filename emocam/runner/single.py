"""One run, from composed settings to a finished folder, its numbers and its status."""

import hashlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from omegaconf import OmegaConf

from emocam.callback.base import Finished, LastCallback, RunCallback
from emocam.callback.slices import check_column
from emocam.data.base import Data
from emocam.effect.pairs import Pairs
from emocam.errors import SettingError
from emocam.logger.mlflow import TrackedRun, reason_of
from emocam.predict.components import Components
from emocam.results.evidence_source import source_of
from emocam.results.file_list import write_file_list
from emocam.results.files import EVIDENCE, PAIR_STATE, PAIR_TRIALS, parquet
from emocam.results.ledger import Ledger, check_none_lost, read_ledger
from emocam.results.left_files import files_left, remove_incomplete, remove_left
from emocam.results.parquet_file import count_rows, has_table
from emocam.results.part_sums import forget_sums
from emocam.results.picture_faults import EXPLAINED_AGAIN, all_have_digests, changed_since
from emocam.results.run import Run
from emocam.results.summary import Summary, with_entries, write_summary
from emocam.runner.command import Command, build_components
from emocam.runner.kinds import KINDS
from emocam.runner.large_run import is_large, stays
from emocam.runner.replayed import as_recorded
from emocam.runner.seen_files import now_less, tell_seen_files
from emocam.runner.tracking import Tracking, finish_tracking, note_tracking, tracked
from emocam.settings.build import build
from emocam.settings.replay_words import evidence_of, takes_evidence
from emocam.task.base import Task, TaskOutcome

PACKAGES = ("emocam", "torch", "torchvision", "pytorch-lightning", "hydra-core", "mlflow", "numpy", "pillow")
STAGES = ("imports", "tracking", "copy", "build", "predict", "merge", "groups", "summary")
"""What takes time in one run or another; all are told of each, since MLflow compares equal keys."""


def run_command(
    command: Command,
    spent: Mapping[str, float] = MappingProxyType({}),
    given: Mapping[str, object] = MappingProxyType({}),
) -> int:
    """Run a command; return exit status 0, or 2 when more images than `data.max_unreadable` failed.

    `spent` are seconds that were spent for this run before it began, by stage, and `given` components that a
    program made itself.
    """
    command = as_recorded(command)
    imports = {"imports": time.perf_counter() - command.started}
    components = build_components(command, dict.fromkeys(STAGES, 0.0) | imports | dict(spent), given)
    command.record_begun()
    left = files_left(command.folder)
    with components.stage("imports"):  # Lightning comes with the task
        task: Task = components.build("task")
    with tracked(command, components) as tracking:
        with components.stage("imports"):  # each callback brings its own
            callbacks = built(command, components)
        remove_incomplete(command.folder)
        if tracking:
            components.log = live_log(tracking)
        data = task.perform(components)
        command.record()
        if isinstance(data, TaskOutcome):
            return finish_task(command, components, data, tracking)
        remove_left(command.folder, left, [*kept_files(components), *getattr(task, "leaves", ())])
        if not has_table(command.folder / "predictions.parquet"):
            if tracking:
                tell_store(command, components, tracking, without=("metrics", "files", "description"))
            return 0
        ledger, summary = finish_run(command, components, data, callbacks)
        if OmegaConf.select(command.cfg, "data.shard") is not None:
            tell_seen_files(command.folder, components, now_less(time.perf_counter() - command.started))
        tell(summary, ledger, command.folder, tracking.tracked if tracking else None)
        if tracking:
            tell_store(command, components, tracking)
        most = OmegaConf.select(command.cfg, "data.max_unreadable", default=1)
        return 2 if ledger.unused > most * ledger.images else 0


def tell_store(
    command: Command, components: Components, tracking: Tracking, without: Collection[str] = ()
) -> None:
    """Send finished work to the store, say what it does not have, and what telling it took."""
    with components.stage("tracking"):
        sentence = finish_tracking(tracking, without=without)
    if sentence is not None:
        sys.stderr.write(f"{sentence}\n")
    note_tracking(command.folder, sentence, seconds_until_now(command, components))


def seconds_until_now(command: Command, components: Components) -> dict[str, float]:
    """Return the seconds of each stage, and of all since the command began."""
    stages = {name: round(value, 3) for name, value in components.seconds.items()}
    return {**stages, "all": round(time.perf_counter() - command.started, 3)}


def kept_files(components: Components) -> list[str]:
    """Return what a run takes over from before: experiments on pictures, where they are still asked for."""
    effect = ["effect.parquet", "trying"] if components.effect is not None else []
    effect += [parquet(PAIR_TRIALS), PAIR_STATE] if isinstance(components.effect, Pairs) else []
    paste = ["paste.parquet", "pasting", "flips"] if components.paste is not None else []
    return effect + paste


def built(command: Command, components: Components) -> dict[str, RunCallback]:
    """Build what comes after the pictures: a mistake in it is reported before the work, not after."""
    _ = components.thresholds, components.paste, components.effect
    if (column := command.cfg.get("slices")) is not None and not takes_evidence(command.cfg):
        check_column(components.data, str(column))
    return {
        name: build(node, f"callback.{name}", command.allowed, KINDS["callback"])
        for name, node in (OmegaConf.select(command.cfg, "callback") or {}).items()
        if node is not None  # callback.report=null leaves it out
    }


def live_log(tracking: Tracking) -> Callable[[Mapping[str, float], int], None]:
    """Return what logs numbers of a step; a store that went is told of once, and costs no work."""
    silent = False

    def log(numbers: Mapping[str, float], step: int) -> None:
        nonlocal silent
        if silent:
            return
        try:
            tracking.log(numbers, step)
        except Exception as error:  # of MLflow, its database's driver or the network
            silent = True
            sys.stderr.write(f"the tracking store takes no numbers any more ({reason_of(error)})\n")

    return log


def finish_task(
    command: Command, components: Components, outcome: TaskOutcome, tracking: Tracking | None
) -> int:
    """Write summary.json and files.json of a task without callbacks, and say what it found."""
    from emocam.system.terminal import shown

    ledger = read_ledger(command.folder, len(components.listing))
    check_none_lost(command.folder, ledger)
    summary: Summary = {
        **ledger.counts,  # type: ignore[typeddict-item]
        **how_made(command, components),
        **outcome.summary,
    }
    summary["seconds"] = seconds_until_now(command, components)
    write_summary(command.folder, summary)
    write_file_list(command.folder)
    lines = [*outcome.lines, ledger.line_of("used"), f"report   {command.folder}"]
    if tracking and tracking.tracked:
        lines.append(f"run      {tracking.tracked.id}   {tracking.tracked.store.show}")
    sys.stdout.write(shown(lines))
    sys.stdout.flush()
    if tracking:
        tell_store(command, components, tracking, without=("description",))
    most = OmegaConf.select(command.cfg, "data.max_unreadable", default=1)
    return 2 if ledger.unused > most * ledger.images else 0


def finish_run(
    command: Command, components: Components, data: Data | None, callbacks: Mapping[str, RunCallback]
) -> tuple[Ledger, Summary]:
    """Run the callbacks, then write summary.json with the last word."""
    listing = None if data is None or evidence_of(command.cfg) else len(components.listing)
    with components.stage("summary"):
        ledger = read_ledger(command.folder, listing)
        check_none_lost(command.folder, ledger)
        told = described(command, components, ledger)
        changed = notes_on_changed_pictures(command, components)
        for note in changed:
            sys.stderr.write(f"{note}\n")
            told["notes"] = [*told["notes"], note]
        earlier = command.earlier or (() if changed else pages_to_take_from(command, components, data))
    part = OmegaConf.select(command.cfg, "data.shard") is not None
    finished = Finished(Run(command.folder), data, components.thresholds, told, earlier, summed=part)
    summary = run_callbacks(callbacks, finished, components.stage)
    with components.stage("summary"):
        if finished.sums is None:
            forget_sums(finished.run)
        notes_on_changed_pictures(command, components)
    summary["seconds"] = seconds_until_now(command, components)
    explaining = components.seconds.get("predict", 0)
    summary["images_per_second"] = round(ledger.images / explaining, 2) if explaining else None
    write_summary(command.folder, summary)
    write_file_list(command.folder)
    return ledger, summary


def pages_to_take_from(command: Command, components: Components, data: Data | None) -> tuple[Path, ...]:
    """Return the run that is replayed, or whose evidence was taken.

    That is where its pictures are drawn, or have digests that tell a changed one.
    """
    evidence = evidence_of(command.cfg)
    source = components.evidence_from if evidence is None else source_of(evidence)
    if source is None or data is None or not (data.root is None or all_have_digests(command.folder)):
        return ()
    return (source,)


def notes_on_changed_pictures(command: Command, components: Components) -> list[str]:
    """Refuse pictures that changed while they were explained: what came later would have been asked of others.

    A replay opens them for its page alone, and gets a sentence to say so.
    """
    changed = changed_since(command.folder, components.digests)
    if changed is None:
        return []
    if not takes_evidence(command.cfg):
        raise SettingError(f"hydra.run.dir {command.folder}: {changed}; {EXPLAINED_AGAIN}")
    return [f"{changed}; the numbers are those of before, and what is shown of these pictures is not"]


def described(command: Command, components: Components, ledger: Ledger) -> Summary:
    """Return what the summary says before any callback: how many images, and how the run was made."""
    names = Run(command.folder).names
    summary: Summary = {
        **ledger.counts,  # type: ignore[typeddict-item]
        "regions": count_rows(command.folder / parquet(EVIDENCE)),
        "notes": names.get("notes", []),
        "thresholds": asdict(components.thresholds),
        **how_made(command, components),  # type: ignore[typeddict-item]
    }
    if (way := names.get("way")) is not None:
        summary["way"] = way
    if (evidence := evidence_of(command.cfg)) is not None:
        summary["evidence"] = evidence
    if components.took:
        summary["took"] = components.took
    if components.evidence_from:
        summary["evidence_from"] = str(components.evidence_from)
    return summary


def how_made(command: Command, components: Components) -> dict[str, Any]:
    """Return what the summary says of how anything was made: settings, choices, command and versions."""
    written = json.dumps(components.settings, sort_keys=True, default=str)
    return {
        "settings": hashlib.sha256(written.encode()).hexdigest()[:16],
        "choices": command.choices,
        "precision": str(components.precision),
        "command": command.line,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES if _installed(name)},
        "python": sys.version.split()[0],
    }


def run_callbacks(
    callbacks: Mapping[str, RunCallback],
    finished: Finished,
    stage: Callable[[str], AbstractContextManager[None]],
) -> Summary:
    """Return the summary with what each callback adds; those that read the files of others come last."""
    entries: dict[str, Mapping[str, Any]] = {}
    for name, callback in callbacks.items():
        if not isinstance(callback, LastCallback):
            with stage(name):
                entries[name] = callback.on_run_end(finished)
    write_summary(finished.folder, summary_with(finished.summary, callbacks, entries))
    complete = replace(finished, summary=summary_with(finished.summary, callbacks, entries))
    complete.__dict__["sums"] = finished.sums  # added up once
    for name, callback in callbacks.items():
        if isinstance(callback, LastCallback):
            with stage(name):
                entries[name] = callback.on_run_end(complete)
    return summary_with(finished.summary, callbacks, entries)


def summary_with(
    summary: Summary, callbacks: Iterable[str], entries: Mapping[str, Mapping[str, Any]]
) -> Summary:
    """Return the summary with the entries of the callbacks that have run, in the callbacks' order."""
    for name in callbacks:
        summary = with_entries(summary, entries.get(name, {}), name)
    return summary


def tell(summary: Summary, ledger: Ledger, folder: Path, tracker: TrackedRun | None) -> None:
    """Print the closing lines."""
    from emocam.runner.closing import closing
    from emocam.system.terminal import shown

    lines = closing(summary, ledger.line, folder)
    if tracker:
        lines.append(f"run      {tracker.id}   {tracker.store.show}")
        lines += [stays(folder)] * is_large(folder)
    sys.stdout.write(shown(lines))
    sys.stdout.flush()


def _installed(name: str) -> bool:
    return any(True for _ in importlib.metadata.distributions(name=name))
