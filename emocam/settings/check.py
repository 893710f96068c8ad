"""What can be said about settings before anything heavy is imported."""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from emocam.errors import SettingError, nearest
from emocam.settings.roots import is_stored, local_path
from emocam.settings.shard import Shard

UNIT = {
    "threshold.score": 0.005,
    "threshold.importance": 0.3,
    "threshold.confidence": 0.0,
    "threshold.chance": None,
    "detector.score": 0.005,
    "detector.iou": 0.005,
    "data.strength": 1.0,
    "data.max_unreadable": 0.01,
    "verdict.q": 0.05,
}
COUNTS = (
    "data.images",
    "data.limit",
    "data.max_pixels",
    "effect.images",
    "effect.least",
    "seed",
    "verdict.images",
    "verdict.fills",
)
MOST_COUNT = 2**63 - 1
"""What the libraries take that count and draw."""
SWITCHES = ("quiet", "features", "fast")
SINGLE = ("cache", "evidence", "slices")
"""Of which there is one: a list of them would be taken for its text."""
CHOICES = {"data.resize": ("exact", "fast")}
AUTOMATIC = ("data.batch_size", "data.workers")
REQUIRED = (
    "task",
    "data",
    "classifier",
    "labels",
    "detector",
    "vocabulary",
    "importance",
    "threshold",
    "verdict",
    "train",
    "evaluate",
    "watch",
    "timeline",
    "reduce",
    "trust",
    "prescribe",
    "trainer",
)
NAMING = ("Association", "Replay", "Grid", "Evaluate")
"""Tasks for which labels may have other names."""
NAME_STEPS = ("rename", "merge", "only")
DECODE = "emocam.task.decode.Decode"
OF_PICTURES = ("classifier", "detector")
"""Groups of which nothing is chosen where series of brain regions are decoded."""
LANDMARKS = "emocam.data.landmarks.Landmarks"
FILES = ("data.file", "detector.cfg", "classifier.weights", "detector.weights")
"""Settings of ours that name a file, or of weights a library's own."""
WEIGHTS = (".pth", ".pt", ".bin", ".safetensors", ".ckpt", ".tar", ".index.json", ".onnx", ".weights", ".h5")
CURES = {
    "EmoNet": "`emocam fetch emonet` brings emonet.pth and its img_mean.txt",
    "YOLOv3": "`emocam fetch yolov3-openimages` brings weights trained on Open Images",
}
"""By the class, what to do where its weights are missing."""
OPTIONAL = ("cam", "attribution", "logger", "callback", "paste", "effect")
"""Groups of which nothing need be chosen."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""A full disk, a quota, and a limit of the shell's on one file."""


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def setting_faults(cfg: DictConfig, known: frozenset[str], appended: list[str]) -> Iterator[str]:
    """Yield a sentence for each setting that cannot be."""
    for key in appended:
        if key not in known:
            yield f"{key} is no setting; {nearest(key, sorted(known))}"
    for key in OmegaConf.missing_keys(cfg):
        yield f"{key} must be given, as in {key}=VALUE"
    required = [name for name in REQUIRED if not (_decodes(cfg) and name in OF_PICTURES)]
    for group in (*REQUIRED, *OPTIONAL):
        chosen = OmegaConf.select(cfg, group)
        if isinstance(chosen, str | int | float):
            yield f"{group}={chosen} is no option of the group {group}; emocam --help lists them"
        elif chosen is None and group in required:
            yield f"{group} must name an option of its group, got null"
    yield from _value_faults(cfg)
    yield from _path_faults(cfg)
    task = str(OmegaConf.select(cfg, "task._target_")).rpartition(".")[2]
    if changes_names(OmegaConf.select(cfg, "labels")) and task not in NAMING:
        yield (
            f"labels gives other names to what pictures are called, and this task ({task}) goes by the classifier's "
            "own; leave labels away"
        )


def changes_names(settings: Any) -> bool:
    """Return whether settings of `labels` or of a vocabulary rename, merge or select any."""
    return isinstance(settings, Mapping | DictConfig) and any(
        settings.get(step) is not None for step in NAME_STEPS
    )


def _decodes(cfg: DictConfig) -> bool:
    """Return whether series are decoded, or were in the run that is replayed, where no picture is looked at."""
    return OmegaConf.select(cfg, "task._target_") == DECODE


def _value_faults(cfg: DictConfig) -> Iterator[str]:
    """Yield a sentence for each number or word out of its range."""

    def value(name: str) -> Any:
        return OmegaConf.select(cfg, name)

    for name, default in UNIT.items():
        found = value(name)
        if found is not None and (not _number(found) or not 0 <= found <= 1):
            usual = "null" if default is None else f"{default:g}"
            yield f"{name} must be a number in [0, 1] (default {usual}), got {found!r}"
    for name in COUNTS:
        found = value(name)
        if found is not None and not _whole(found, 0 if name == "seed" else 1):
            yield f"{name} must be a whole number{'' if name == 'seed' else ' of at least 1'}, got {found!r}"
        elif found is not None and found > MOST_COUNT:
            yield f"{name} must be a whole number of at most {MOST_COUNT}, got {found}"
    for name in AUTOMATIC:
        found = value(name)
        if found not in ("auto", None) and not _whole(found, 1 if name == "data.batch_size" else 0):
            yield f"{name} must be auto or a whole number, got {found!r}"
    for name in SWITCHES:
        if not isinstance(value(name), bool):
            yield f"{name} must be true or false, got {value(name)!r}"
    for name in SINGLE:
        if OmegaConf.is_config(value(name)):
            yield f"{name} must be a single name, got {OmegaConf.to_container(value(name))!r}"
    for name, choices in CHOICES.items():
        found = value(name)
        if found is not None and found not in choices:
            yield f"{name} must be {' or '.join(choices)}, got {found!r}"
    if value("data.shard") is not None:
        try:
            Shard.read(value("data.shard"))
        except SettingError as error:
            yield str(error)
    if value("precision") not in (32, "32", "bf16"):
        yield f"precision must be 32 or bf16, got {value('precision')!r}"


def _path_faults(cfg: DictConfig) -> Iterator[str]:
    """Yield a sentence for each file or folder that is not there."""
    root = OmegaConf.select(cfg, "data.root")
    single = OmegaConf.select(cfg, "data._target_") == LANDMARKS  # which may be one file
    elsewhere = is_stored(root)  # which their data set looks for
    if root is not None and not single and not elsewhere and not Path(local_path(root)).is_dir():
        yield f"data.root must be a folder, and there is none at {root}"
    for name in ("data.annotations", "classifier.labels"):
        file = OmegaConf.select(cfg, name)
        if file is not None and not Path(str(file)).expanduser().exists():
            yield f"{name}: there is no file {file}"
    yield from _file_faults(cfg)


def _file_faults(cfg: DictConfig) -> Iterator[str]:
    """Yield a sentence for each file of FILES that is not there, unless it is an address."""
    for name in FILES:
        group, _, setting = name.partition(".")
        target = str(OmegaConf.select(cfg, f"{group}._target_"))
        file = OmegaConf.select(cfg, name)
        if not isinstance(file, str) or "://" in file or not target.startswith("emocam."):
            continue
        is_file = setting != "weights" or "/" in file or file.endswith(WEIGHTS)
        if is_file and not Path(file).expanduser().exists():
            cure = CURES.get(target.rpartition(".")[2]) if setting == "weights" else None
            yield f"{name}: there is no file {file}{f'; {cure}' if cure else ''}"


def writable(folder: Path) -> None:
    """Make the run's folder, or raise why it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError("no permission to write")
    except OSError as error:
        raise unwritable(folder, error) from None


def unwritable(folder: Path, error: OSError) -> SettingError:
    return SettingError(
        f"hydra.run.dir {folder} cannot be written to ({error.strerror or error}); "
        "name another with hydra.run.dir=FOLDER"
    )


def disk_full(folder: Path, error: BaseException) -> SettingError | None:
    """Return a sentence that names the run's folder where an error says that no more can be written."""
    codes = [getattr(error, "errno", None), *map(int, re.findall(r"\[[Ee]rrno (\d+)\]", str(error)))]
    if not set(codes) & FULL and "disk is full" not in str(error):
        return None
    reason = " ".join(str(error).split())[:160]
    return SettingError(
        f"hydra.run.dir {folder}: no more can be written ({reason}); what is done is kept, so make room, or raise "
        "the quota, and give the same command with this hydra.run.dir"
    )


def check_settings(cfg: DictConfig, known: frozenset[str], appended: list[str]) -> None:
    """Raise all faults at once, a line each; `appended` are the keys that a `+` put into the settings.

    Hydra takes `+anything=name` for a new key, also where a group was meant.
    """
    found = list(setting_faults(cfg, known, appended))
    if found:
        raise SettingError("\n".join(found))
