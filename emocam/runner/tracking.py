"""A run in the tracking store: its name, its parameters, its numbers and how it ended."""

import hashlib
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from emocam.errors import Interrupted
from emocam.logger.mlflow import Ending, MLflow, TrackedRun
from emocam.predict.components import Components
from emocam.runner.command import Command
from emocam.runner.kinds import KINDS
from emocam.settings.build import build
from emocam.version import __version__


@contextmanager
def tracked(command: Command, components: Components) -> Iterator[TrackedRun | None]:
    """The run in the tracking store, whose status says how it ended."""
    with components.stage("tracking"):
        store: MLflow | None = build(command.cfg.get("logger"), "logger", command.allowed, KINDS["logger"])
        tracker = None
        if store:
            words = " ".join(["python -m emocam", *command.words])
            tags = {"emocam.version": __version__, "emocam.command": words, "mlflow.source.name": words}
            tracker = store.start(
                run_name(command), params(components.settings, command.choices), tags, command.parent
            )
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


def summary_numbers(summary: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The summary's numbers, nested names joined by a slash; NaN for None, so that runs have the same keys."""
    found: dict[str, float] = {}
    for name, value in summary.items():
        if isinstance(value, dict) and name != "thresholds":
            found |= summary_numbers(value, f"{prefix}{name}/")
        elif value is None:
            found[f"{prefix}{name}"] = math.nan
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = value
    return found
