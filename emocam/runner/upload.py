"""What the tracking store did not take when a run ended, told to it later from the run's folder."""

import os
from dataclasses import replace
from pathlib import Path

from emocam.errors import SettingError
from emocam.logger.mlflow import DEFAULT, MLflow, TrackedRun, absolute, public
from emocam.runner.tracking import Tracking, note_tracking, owed
from emocam.runner.tracking_record import FILE, STEPS, TrackingRecord, read_record
from emocam.system.run_lock import locked


def upload(folder: Path, store: str | None = None) -> list[str]:
    """Send what is left of a run, or of a sweep and its runs; return a line for each that was not whole."""
    parts = [folder, *sorted(path.parent for path in folder.glob(f"*/{FILE}"))]
    lines: list[str] = []
    new_ids: dict[str, str] = {}
    for part in parts:
        with locked(part, "RUN"):
            if (record := read_record(part)) is None:
                continue
            before, record.parent = record.id, new_ids.get(record.parent or "", record.parent)
            tracked = _complete(part, record, store)
            lines.append(f"run      {tracked.id}   {tracked.store.show}")
            new_ids |= {before: tracked.id} if before else {}
    return lines


def _complete(folder: Path, record: TrackingRecord, named: str | None) -> TrackedRun:
    uri = absolute(named or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT)
    if named is None and public(uri) != record.uri:
        raise SettingError(
            f"RUN {folder} was begun in the store {record.uri}, and MLFLOW_TRACKING_URI names {public(uri)}; set "
            f"MLFLOW_TRACKING_URI={record.uri}, or give another store with --store"
        )
    if public(uri) != record.uri:
        record = replace(record, uri=public(uri), id=None, missing=list(STEPS))
    if record.ending is None:
        record = replace(record, ending="KILLED", missing=["status"])
    tracking = Tracking(folder, record, lambda: MLflow(uri, record.experiment))
    note_tracking(folder, None)
    if reason := tracking.complete():
        sentence = owed(folder, tracking.record, reason)
        note_tracking(folder, sentence)
        raise SettingError(sentence)
    assert tracking.tracked
    return tracking.tracked
