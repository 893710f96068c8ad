"""What is in the files that settings name: mistakes are told before anything heavy is imported.

The readers are those that read the files again when their component is built, and the sentences theirs.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from emocam.settings.replay_words import takes_evidence
from emocam.settings.roots import is_stored

if TYPE_CHECKING:
    from omegaconf import DictConfig

QUICK = 4 << 20
"""Bytes of a file that is read twice; what a larger one costs is more than it would save."""
FOLDER, IMAGEFOLDER = "emocam.data.folder.Folder", "emocam.data.imagefolder.ImageFolder"
COCO, TABLE = "emocam.data.coco.Coco", "emocam.data.table.Table"
FINDINGEMO = "emocam.data.findingemo.FindingEmo"
LISTED = (FINDINGEMO, "emocam.data.faces.Faces", "emocam.data.landmarks.Landmarks")
"""Data sets whose annotations are a table."""
DARKNET = "emocam.detector.darknet.Darknet"


def check_contents(cfg: "DictConfig") -> None:
    """Raise the first mistake in a file that is soon read; a replay reads what its evidence was made of."""
    if takes_evidence(cfg):
        return
    for read in _readers(cfg):
        read()


def _readers(cfg: "DictConfig") -> Iterator[Callable[[], object]]:
    from omegaconf import OmegaConf

    def named(setting: str) -> Path | None:
        file = OmegaConf.select(cfg, setting)
        return _small(file) if isinstance(file, str) else None

    label = OmegaConf.select(cfg, "threshold.label")
    if (file := named("classifier.labels")) is not None:
        yield lambda: _read_names(file, "classifier.labels")
    if (names := named("detector.names")) is not None:
        yield lambda: _read_names(names, "detector.names")
    if (network := named("detector.cfg")) is not None and _target(cfg, "detector") == DARKNET:
        yield lambda: _read_network(network)
    if isinstance(label, str) and _small(label) is not None:
        yield lambda: _read_thresholds(label)
    if _target(cfg, "data") == TABLE and (table := named("data.file")) is not None:
        column, truth = OmegaConf.select(cfg, "data.column"), OmegaConf.select(cfg, "data.label")
        yield lambda: _read_listed(table, "data.file", column, truth)
    yield from _annotations(cfg, named("data.annotations"))


def _annotations(cfg: "DictConfig", file: Path | None) -> Iterator[Callable[[], object]]:
    target, root = _target(cfg, "data"), cfg.data.get("root")
    usual = {COCO: "instances.json", FINDINGEMO: "annotations_single.ann"}.get(target)
    if file is None and usual and cfg.data.get("annotations") is None and root and not is_stored(root):
        file = _small(Path(str(root)) / usual)
    if file is None:
        return
    if target == COCO:
        yield lambda: _read_coco(file)
    elif target in LISTED:
        yield lambda: _read_listed(file, "data.annotations")
    elif target in (FOLDER, IMAGEFOLDER, TABLE):
        yield lambda: _read_annotations(file)


def _target(cfg: "DictConfig", group: str) -> str:
    return str((cfg.get(group) or {}).get("_target_"))


def _small(name: str | Path) -> Path | None:
    """Return a regular file that is small enough to be read twice."""
    file = Path(name).expanduser()
    try:
        return file if file.is_file() and file.stat().st_size <= QUICK else None
    except OSError:
        return None


def _read_names(file: Path, setting: str) -> None:
    from emocam.network.labels_file import read_labels

    read_labels(file, setting)


def _read_network(file: Path) -> None:
    from emocam.detector.darknet_file import read_cfg

    read_cfg(file)


def _read_thresholds(file: str) -> None:
    from emocam.network.thresholds_file import read_thresholds

    read_thresholds(file)


def _read_coco(file: Path) -> None:
    from emocam.data.annotations.coco import read_coco

    read_coco(file)


def _read_annotations(file: Path) -> None:
    from emocam.data.annotations.formats import check_annotations

    check_annotations(file)


def _read_listed(file: Path, setting: str, column: str | None = None, label: str | None = None) -> None:
    """Read a table of paths, and look for the columns that are asked of it."""
    from emocam.data.annotations.rows import find_column, read_rows
    from emocam.data.annotations.source import Source
    from emocam.data.annotations.table import IMAGE

    source = Source(file, setting)
    rows = read_rows(source)
    find_column(source, rows, [column] if column else (*IMAGE, "source"))
    if label:
        find_column(source, rows, [label])
