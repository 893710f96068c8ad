"""A shard of a corpus as a task of a sweep: complete or absent, given up after three deaths, done once.

`.task.json` in the shard's folder is written last, with what it was made of: a second start of the sweep reads it
and does what is missing alone. Imports the standard library and settings only: it is asked before all work.
"""

import hashlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from emocam.errors import SettingError
from emocam.runner.seen_files import are_as_seen
from emocam.settings.shard import Shard
from emocam.version import __version__

MARK = ".task.json"
LIST = "files.json"
MOST_DEATHS = 3
HANDLING = ("hydra", "logger", "cache", "trainer", "quiet")
"""Settings that say how a shard is handled and change none of its rows."""
HANDLING_OF_DATA = ("batch_size", "workers", "max_unreadable")
WITHOUT_WORD = "it was killed without a word: for memory or time, or its machine went"


@dataclass
class ShardTask:
    """One shard's folder, which shard it is, and what decides its tables; `deaths` say how it ended so far.

    They count for as long as it is tried in the same way: `tried` digests all settings, also of how it is handled.
    """

    folder: Path
    shard: str
    settings: str
    tried: str = ""
    deaths: list[str] = field(default_factory=list)
    status: int | None = None
    made_of: str = ""

    @classmethod
    def read(cls, cfg: DictConfig, folder: Path, launcher: object = None) -> "ShardTask | None":
        """Read what an earlier start left of the shard; None for a run that is none.

        `launcher` are the settings of what started it, such as the memory it may take.
        """
        shard = OmegaConf.select(cfg, "data.shard")
        if shard is None:
            return None
        task = cls(folder, str(Shard.read(shard)), settings_digest(cfg), tried_digest(cfg, launcher))
        told = _read_mark(folder)
        if told and told["shard"] != task.shard and told["status"] is not None:
            raise SettingError(
                f"hydra.run.dir {folder} holds the shard {told['shard']}, and data.shard={task.shard} is another; "
                "name another hydra.sweep.dir, or remove this one"
            )
        if told and told["shard"] == task.shard:
            task.deaths = told["deaths"] if told["tried"] in (None, task.tried) else []
            task.status, task.made_of = told["status"], told["made_of"]
        return task

    @property
    def is_complete(self) -> bool:
        """Whether an earlier start did all of it, of the same settings and files, and its tables are still there."""
        done = self.status is not None and self.made_of == self.settings
        return done and _files_are_there(self.folder) and are_as_seen(self.folder)

    def run(self, work: Callable[[], int]) -> int:
        """Do the work and mark it done; what dies is begun again where it stopped, three times in all.

        A mistake in settings, a full disk and a signal are no deaths.
        """
        while True:
            self._begin()
            try:
                status = work()
            except (SettingError, OSError):
                self._forget()
                raise
            except Exception as error:
                self._died(error)
                continue
            except BaseException:
                self._forget()
                raise
            self.deaths, self.status, self.made_of = [], status, self.settings
            self._write()
            return status

    def _begin(self) -> None:
        """Count this start as a death until it ends: who is killed cannot say so."""
        if len(self.deaths) >= MOST_DEATHS:
            raise SettingError(
                f"data.shard={self.shard} died {len(self.deaths)} times and is left out ({self.deaths[-1]}); "
                f"start the same sweep again with other settings, of hydra.launcher too, or mend that and remove "
                f"{self.folder / MARK} before"
            )
        here = f"on {socket.gethostname()} at {time.strftime('%Y-%m-%d %H:%M:%S')}"
        self.deaths.append(f"{WITHOUT_WORD}, {here}")
        self.status = None
        self._write()

    def _died(self, error: Exception) -> None:
        told = " ".join(str(error).split())[:300]
        self.deaths[-1] = f"{type(error).__name__}: {told}"
        self._write()
        if len(self.deaths) < MOST_DEATHS:
            sys.stderr.write(
                f"data.shard={self.shard} died ({self.deaths[-1]}); it goes on where it stopped, "
                f"{len(self.deaths) + 1} of {MOST_DEATHS}\n"
            )

    def _forget(self) -> None:
        self.deaths.pop()
        self._write()

    def _write(self) -> None:
        told = {name: value for name, value in asdict(self).items() if name not in ("folder", "settings")}
        half = self.folder / f"{MARK}.{os.getpid()}.tmp"
        half.write_text(json.dumps(told), encoding="utf-8")
        half.replace(self.folder / MARK)


def _read_mark(folder: Path) -> dict[str, Any]:
    """Return what an earlier start left of a shard; nothing where it left none, or one that cannot be read."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        told = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return {
            "shard": str(told["shard"]),
            "deaths": [str(death) for death in told["deaths"]],
            "status": told["status"] if told["status"] in (0, 2) else None,
            "made_of": str(told["made_of"]),
            "tried": told.get("tried"),
        }
    return {}


def check_same_division(sweep: Path, shards: Sequence[str]) -> None:
    """Refuse the folder of a sweep that divided a corpus into another number of shards, once for all of them."""
    numbers = {shard.rpartition("/")[2] for shard in shards}
    found = next((told["shard"] for mark in sweep.glob(f"*/{MARK}") if (told := _read_mark(mark.parent))), "")
    number = found.rpartition("/")[2]
    if number and numbers and number not in numbers:
        raise SettingError(
            f"hydra.sweep.dir {sweep} holds a corpus in {number} shards, and data.shard divides it into "
            f"{' or '.join(sorted(numbers))}; name another folder, or remove this one"
        )


def settings_digest(cfg: DictConfig) -> str:
    """Digest the settings that decide a shard's files, and our version."""
    own = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key not in HANDLING])
    settings: dict[str, Any] = OmegaConf.to_container(own)  # type: ignore[assignment]
    data = {key: value for key, value in (settings.get("data") or {}).items() if key not in HANDLING_OF_DATA}
    return _digest({**settings, "data": data})


def tried_digest(cfg: DictConfig, launcher: object) -> str:
    """Digest all settings with which a shard is tried, and our version."""
    own = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    started = OmegaConf.to_container(launcher) if OmegaConf.is_config(launcher) else launcher
    return _digest([OmegaConf.to_container(own), started])


def _digest(told: Any) -> str:
    text = json.dumps([__version__, told], sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _files_are_there(folder: Path) -> bool:
    """Return whether the tables that files.json names are there, in their sizes."""
    try:
        listed = json.loads((folder / LIST).read_text(encoding="utf-8"))["files"]
        return all(
            (folder / name).stat().st_size == entry["size"]
            for name, entry in listed.items()
            if name.endswith(".parquet")
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False
