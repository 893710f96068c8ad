"""One run, from composed settings to a finished folder, its numbers and its status."""

import hashlib
import importlib.metadata
import json
import math
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow.parquet as pq
from omegaconf import DictConfig, OmegaConf

from emocam import __version__
from emocam.callback.base import Finished, RunCallback
from emocam.card import describe
from emocam.data.base import Data
from emocam.door import build
from emocam.errors import Interrupted
from emocam.heap import keep_memory
from emocam.ledger import Ledger, read_ledger
from emocam.runs import Run
from emocam.task.base import Parts, Task
from emocam.tracking import Ending, MLflow, TrackedRun

PACKAGES = ("emocam", "torch", "torchvision", "pytorch-lightning", "hydra-core", "mlflow", "numpy", "pillow")
STAGES = ("imports", "tracking", "copy", "build", "predict", "merge")
"""What takes time in one run or another; all are told of each, since MLflow compares equal keys."""


@dataclass(frozen=True)
class Command:
    """What Hydra composed for one run, and where it belongs."""

    cfg: DictConfig
    folder: Path
    choices: dict[str, str]
    allowed: list[str]
    words: list[str]
    parent: str | None
    started: float


def parts_of(command: Command, seconds: dict[str, float]) -> Parts:
    """What the command's settings name; `seconds` is where the time of its stages goes."""
    hush()
    keep_memory()
    settings: dict[str, Any] = OmegaConf.to_container(command.cfg, resolve=True)  # type: ignore[assignment]
    settings["precision"] = precision(settings)

    def build_here(name: str) -> Any:
        return build(OmegaConf.select(command.cfg, name), name, command.allowed)

    def build_recorded(name: str, recorded: dict[str, Any]) -> Any:
        return build(OmegaConf.select(OmegaConf.create(recorded), name), name, command.allowed)

    return Parts(command.folder, settings, build_here, build_recorded, seconds)


def precision(settings: dict[str, Any]) -> int | str:
    """That of the settings, or 32 and a sentence where the device computes no other."""
    if settings["precision"] != "bf16":
        return 32
    from emocam.precision import computes_bf16

    if computes_bf16(settings["trainer"].get("accelerator", "auto")):
        return "bf16"
    sys.stderr.write(
        "precision=bf16 needs a processor or GPU that computes bfloat16 itself (AVX512-BF16, AMX, Ampere or "
        "later), which this is not; the run uses 32\n"
    )
    return 32


def run(command: Command, spent: Mapping[str, float] = MappingProxyType({})) -> int:
    """Exit status 0, or 2 when more images than `data.max_unreadable` could not be used.

    `spent` are seconds that were spent for this run before it began, by stage.
    """
    imports = {"imports": time.perf_counter() - command.started}
    parts = parts_of(command, dict.fromkeys(STAGES, 0.0) | imports | dict(spent))
    settings = parts.settings
    with parts.stage("imports"):  # Lightning comes with the task
        task: Task = parts.build("task")
    with tracked(command, settings, parts) as tracker:
        callbacks = built(command, parts)
        data = task.perform(parts)
        if not (command.folder / "predictions.parquet").is_file():
            return 0
        ledger, summary = finish(command, parts, data, callbacks)
        if tracker:
            with parts.stage("tracking"):
                told = numbers(summary)  # what was found first: MLflow's charts begin with the first
                tracker.metrics(
                    dict(sorted(told.items(), key=lambda item: item[0] in (*ledger.counts, "regions")))
                )
                tracker.folder(command.folder)
                describe(tracker, Run(command.folder), summary, ledger.line, command.choices.get("data", ""))
        tell(summary, ledger, command.folder, tracker)
        most = settings["data"].get("max_unreadable", 1)
        return 2 if ledger.unused > most * ledger.images else 0


def built(command: Command, parts: Parts) -> dict[str, RunCallback]:
    """What comes after the pictures: a mistake in it is told before the work, not after."""
    _ = parts.thresholds, parts.paste, parts.effect
    return {
        name: build(node, f"callback.{name}", command.allowed)
        for name, node in (OmegaConf.select(command.cfg, "callback") or {}).items()
    }


def finish(
    command: Command, parts: Parts, data: Data | None, callbacks: dict[str, RunCallback]
) -> tuple[Ledger, dict[str, Any]]:
    """What callbacks make of the tables, and summary.json with the last word."""
    settings = parts.settings
    finished_run = Run(command.folder)
    listing = None if data is None or settings.get("evidence") else len(parts.listing)
    ledger = read_ledger(command.folder, listing)
    regions = pq.read_metadata(command.folder / "evidence.parquet").num_rows
    summary: dict[str, Any] = {
        **ledger.counts,
        "regions": regions,
        "settings": hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[
            :16
        ],
        "thresholds": asdict(parts.thresholds),
        "choices": command.choices,
        "precision": str(settings["precision"]),
        "command": " ".join(["python -m emocam", *command.words]),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES if _installed(name)},
        "python": sys.version.split()[0],
    }
    if parts.evidence_from:
        summary["evidence_from"] = str(parts.evidence_from)
    for name, callback in callbacks.items():
        with parts.stage(name):
            summary |= callback.on_run_end(Finished(finished_run, data, parts.thresholds, summary))
    summary["seconds"] = {name: round(value, 3) for name, value in parts.seconds.items()}
    summary["seconds"]["all"] = round(time.perf_counter() - command.started, 3)
    explaining = parts.seconds.get("predict", 0)
    summary["images_per_second"] = round(ledger.images / explaining, 2) if explaining else None
    (command.folder / "summary.json").write_text(json.dumps(summary, indent=1))
    return ledger, summary


@contextmanager
def tracked(command: Command, settings: dict[str, Any], parts: Parts) -> Iterator[TrackedRun | None]:
    """The run in the tracking store, whose status says how it ended."""
    with parts.stage("tracking"):
        store: MLflow | None = build(command.cfg.get("logger"), "logger", command.allowed)
        tracker = None
        if store:
            words = " ".join(["python -m emocam", *command.words])
            tags = {"emocam.version": __version__, "emocam.command": words, "mlflow.source.name": words}
            tracker = store.start(run_name(command), params(settings, command.choices), tags, command.parent)
            tracker.tags({"emocam.folder": str(command.folder.absolute())})
    ending: Ending = "FAILED"
    try:
        yield tracker
        ending = "FINISHED"
    except (KeyboardInterrupt, Interrupted):
        ending = "KILLED"
        raise
    except Exception as error:
        if tracker:
            tracker.tags({"emocam.error": " ".join(str(error).split()) or type(error).__name__})
        raise
    finally:
        if tracker:
            tracker.end(ending)


def run_name(command: Command) -> str:
    """Data, method, and four digits that tell two runs apart."""
    cam = command.choices.get("cam")
    what = [command.choices.get("data", ""), "presence" if cam in (None, "None", "null") else cam]
    if command.choices.get("task") != "association":
        what = [command.choices.get("task", "")]
    digits = hashlib.sha256(f"{command.folder}{time.time_ns()}".encode()).hexdigest()[:4]
    return "-".join([*(w for w in what if w), digits])


def params(settings: dict[str, Any], choices: dict[str, str]) -> dict[str, object]:
    """Few and short: each group's option, and the plain values set in it."""
    hidden = ("callback", "trainer", "logger", "hydra", "allow", "quiet", "cache")
    handling = ("data.batch_size", "data.workers", "data.max_unreadable", "data.max_pixels")
    told: dict[str, object] = {}
    # what is compared most stands first
    for name in sorted(settings, key=lambda name: (name != "cam", name not in ("data", "classifier"))):
        value = settings[name]
        if name in hidden:
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


def numbers(summary: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """The summary's numbers, nested names joined by a slash; NaN for None, so that runs have the same keys."""
    found: dict[str, float] = {}
    for name, value in summary.items():
        if isinstance(value, dict) and name != "thresholds":
            found |= numbers(value, f"{prefix}{name}/")
        elif value is None:
            found[f"{prefix}{name}"] = math.nan
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = value
    return found


def tell(summary: dict[str, Any], ledger: Ledger, folder: Path, tracker: TrackedRun | None) -> None:
    """The closing lines."""
    from emocam.words import closing, shown

    lines = closing(summary, ledger.line, folder)
    if tracker:
        lines.append(f"run      {tracker.id}   {tracker.store.show}")
    sys.stdout.write(shown(lines))
    sys.stdout.flush()


def _installed(name: str) -> bool:
    return any(True for _ in importlib.metadata.distributions(name=name))


def hush() -> None:
    """Lightning's hints are about training, and a user of ours can act on none of them."""
    import logging

    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings(
        "ignore", module=r"(pytorch_lightning|lightning|lightning_fabric|torchvision)\..*"
    )
    warnings.filterwarnings("ignore", message=r".*(num_workers|treespec|pin_memory|LeafSpec).*")
