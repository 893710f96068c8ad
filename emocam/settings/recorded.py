"""What made a run, read from its `.hydra/` as data: nothing in it runs, writes, connects or reads secrets.

A run's folder may come from anybody. Its settings are cleaned before anything is built of them, and where
they lead to pictures that its own evidence does not name, a person is told first.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from emocam.errors import ForeignSetting, SettingError
from emocam.settings.foreign import leaves, value_faults
from emocam.settings.text_file import read_settings_text

INNER, WORDS = ".hydra", "overrides.yaml"
"""What Hydra calls the folder of a run's settings, and the file of its command line's words."""
LEFT_OUT = ("logger", "cache", "allow", "hydra", "trainer", "callback", "quiet", "evidence")
"""How that run was handled, which is for the present command line to say."""
WRITTEN = ("data.export",)
ROOT = "data.root"
READ = ("root", "annotations", "file", "files", "timeline")
"""Settings of a data set that lead to files."""


def settings_file(folder: Path) -> Path:
    """Return where a run keeps its settings."""
    return folder / INNER / "config.yaml"


def kept_settings(folder: Path) -> dict[str, Any]:
    """Return a run's settings as they stand in its file, or nothing where it kept none."""
    return read_settings(folder) if settings_file(folder).is_file() else {}


def recorded_words(folder: Path) -> list[str]:
    """Return the words of the command line that made a run."""
    import yaml

    return [
        str(word) for word in yaml.safe_load(read_settings_text(folder / INNER / WORDS, "evidence")) or []
    ]


def write_settings(folder: Path, cfg: DictConfig, words: list[str]) -> None:
    """Write `.hydra/` into a run's folder, as Hydra leaves it in that of a job."""
    inner = folder / INNER
    inner.mkdir(parents=True, exist_ok=True)
    own = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    files = {settings_file(folder).name: own, WORDS: OmegaConf.create(words)}
    if "hydra" in cfg:
        files["hydra.yaml"] = OmegaConf.masked_copy(cfg, ["hydra"])
    for name, settings in files.items():
        half = inner / f"{name}.tmp"
        OmegaConf.save(settings, half)
        half.replace(inner / name)


def recorded_settings(folder: Path, address: str | None = None) -> dict[str, Any]:
    """Return the settings that made a finished run, with what it wrote and where it was tracked left out.

    Refuses, by file and key, an address and an interpolation of anything but settings. An `address` is that of
    the pictures, which the command line names again, since a stranger's run may lead anywhere.
    """
    settings = {key: value for key, value in read_settings(folder).items() if key not in LEFT_OUT}
    check_recorded(settings, settings_file(folder), address)
    return settings


def read_settings(folder: Path) -> dict[str, Any]:
    """Return the whole of a run's settings as they stand in its file, with nothing that is written to."""
    import yaml  # what tells mistakes in words does without

    file = settings_file(folder)
    if not file.is_file():
        raise SettingError(f"evidence {folder} has no .hydra/config.yaml, which says what made it")
    try:
        settings = yaml.safe_load(read_settings_text(file, "evidence"))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise SettingError(f"evidence: {file} is no file of settings ({reason[:160]})") from None
    if not isinstance(settings, dict):
        raise SettingError(f"evidence: {file} must hold settings, got {type(settings).__name__}")
    settings = {str(key): value for key, value in settings.items()}
    for name in WRITTEN:
        group, _, key = name.partition(".")
        if isinstance(settings.get(group), dict) and settings[group].get(key) is not None:
            settings[group] = {**settings[group], key: None}
    return settings


def check_recorded(settings: dict[str, Any], file: Path, address: str | None = None) -> None:
    """Raise the first setting that refers to more than other settings, or names an address but that one."""
    _check_address(settings, file, address)
    for key, value in leaves(settings):
        if isinstance(value, str) and not (key == ROOT and value == address):
            for fault in value_faults(key, value):
                cure = f" (as {ROOT}=ADDRESS, and with emocam merge as --root ADDRESS)" if key == ROOT else ""
                raise ForeignSetting(f"{file}: {fault}{cure}")
    for name in WRITTEN:
        group = name.partition(".")[0]
        if isinstance(settings.get(group), str):  # `${another}` may bring along what is written to
            raise ForeignSetting(
                f"{file}: {group} must name its settings one by one, got {settings[group]!r}"
            )


def _check_address(settings: dict[str, Any], file: Path, address: str | None) -> None:
    """Raise where the command line names another address than that of the recorded pictures."""
    data = settings.get("data")
    recorded = data.get("root") if isinstance(data, dict) else None
    if address is not None and address != recorded:
        raise SettingError(f"{ROOT} must be that of {file}, {recorded!r}, or be left out, got {address!r}")


def foreign_paths(settings: dict[str, Any], source: str | None) -> Iterator[str]:
    """Return the files and folders of recorded data outside the working directory, or that are another
    root than `source`, which the evidence says it was made of.
    """
    here = Path.cwd()
    data = settings.get("data") or {}
    for key in READ:
        value = data.get(key)
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str) or not text:
                continue
            if "://" in text:  # which the command line has named, or it would have been refused
                continue
            path = Path(text).expanduser()
            other = key == "root" and source is not None and str(path.absolute()) != source
            if other or not path.resolve().is_relative_to(here):
                yield f"data.{key}={text}"


def tell_foreign_paths(
    folder: Path, settings: dict[str, Any], source: str | None, what: str = "evidence"
) -> None:
    """Print on standard error, before a picture is opened, which files a recorded run leads to."""
    if paths := list(foreign_paths(settings, source)):
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        sys.stderr.write(
            f"{what} {folder} was made of {', '.join(paths[:3])}{more}: its pictures are opened there\n"
        )


def left_out(settings: dict[str, Any], defaults: dict[str, Any]) -> list[str]:
    """Return the stores and folders of a recorded run that are not taken, though it did not use the default."""
    return [
        key
        for key, value in leaves(_only(settings, ("logger", "cache")))
        if value is not None and value != dict(leaves(_only(defaults, ("logger", "cache")))).get(key)
    ]


def _only(settings: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: settings[name] for name in names if name in settings}
