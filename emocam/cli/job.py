"""One job: from the settings that Hydra composed to the run.

Only Hydra and the standard library are imported until the settings are checked.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from emocam.logger.beside import StoreBeside
    from emocam.runner.command import Command

MLFLOW = "emocam.logger.mlflow.MLflow"


@dataclass(frozen=True)
class Verb:
    """A verb whose words are those of a run: what it does with them, and how it was typed."""

    run: "Callable[[Command], int]"
    typed: list[str]


def run_job(cfg: "DictConfig", known: set[str], began: float, verb: Verb | None = None) -> tuple[int, bool]:
    """Run one job and return its exit status, and whether an earlier start of the sweep had done all of it.

    `known` are the names at the top of the settings.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from emocam.cli.contents import check_contents
    from emocam.errors import SettingError
    from emocam.runner.shard_task import ShardTask
    from emocam.settings.check import check_settings, writable
    from emocam.system.run_lock import locked

    hydra_cfg = HydraConfig.get()
    new = [word.lstrip("+").split("=")[0] for word in hydra_cfg.overrides.task if word.startswith("+")]
    _check_replay(cfg, list(hydra_cfg.overrides.task))
    _check_evidence(cfg)
    _check_watch_unused(list(hydra_cfg.overrides.task), verb)
    check_settings(cfg, frozenset(known) - {"hydra"}, [key for key in new if "." not in key])
    folder = Path(hydra_cfg.runtime.output_dir)
    allowed = list(cfg.allow) if any(w.startswith("allow=") for w in hydra_cfg.overrides.task) else []
    if list(cfg.allow) != allowed:
        raise SettingError("allow may only be given on the command line, not in a file of settings")

    if allowed:
        sys.path.append(str(Path.cwd()))  # `python -m` looks here by itself, the console script does not
    _start_processes_as_usual()
    writable(folder)
    # the later jobs of a sweep did not begin when the command did
    started = began if hydra_cfg.mode == RunMode.RUN else time.perf_counter()
    with _store_beside(cfg, hydra_cfg.mode, verb) as store, locked(folder):
        if "torch" not in sys.modules:  # else nothing is gained
            check_contents(cfg)
        task = ShardTask.read(cfg, folder, hydra_cfg.launcher) if hydra_cfg.mode == RunMode.MULTIRUN else None
        if task is not None and task.is_complete and not allowed:
            return task.status or 0, True

        def work() -> int:
            return _run_locked(cfg, folder, allowed, started, verb, store)

        return (work() if task is None else task.run(work)), False


@contextmanager
def _store_beside(cfg: "DictConfig", mode: object, verb: Verb | None) -> "Iterator[StoreBeside | None]":
    """Open the tracking store of a single run in a process of its own, where that gains time."""
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from emocam.logger.beside import StoreBeside, worth_a_process

    logger = OmegaConf.to_container(cfg.logger, resolve=True) if cfg.get("logger") else None
    several = mode != RunMode.RUN or "methods" in (cfg.get("cam") or {})  # their parent opens it first
    store = None
    if (
        isinstance(logger, dict)
        and logger.keys() == {"_target_", "uri", "experiment"}
        and logger["_target_"] == MLFLOW
        and not several
        and verb is None
        and worth_a_process()
    ):
        with suppress(OSError):  # no further process is allowed here
            store = StoreBeside(str(logger["uri"]), str(logger["experiment"]))
    try:
        yield store
    finally:
        if store is not None:
            store.close()


def _check_replay(cfg: "DictConfig", words: list[str]) -> None:
    """Refuse evidence that the task does not take, and all that a replay of it cannot apply."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode

    from emocam.settings.replay_words import check_evidence_unused, check_replay, takes_evidence

    if takes_evidence(cfg):
        loader = GlobalHydra.instance().config_loader()
        check_replay(cfg, words, usual=loader.load_configuration("config", [], RunMode.RUN))
    else:
        check_evidence_unused(cfg)


def _check_evidence(cfg: "DictConfig") -> None:
    """Refuse evidence that is not there before anything heavy is imported; of a sweep's lists Hydra made one each."""
    from emocam.results.evidence_source import source_of
    from emocam.settings.replay_words import evidence_of, takes_evidence

    if takes_evidence(cfg) and isinstance(evidence_of(cfg), str | None):
        source_of(evidence_of(cfg))


def _check_watch_unused(words: list[str], verb: Verb | None) -> None:
    """Refuse settings of `emocam watch` in a run, which has no use for them."""
    from emocam.errors import SettingError

    named = [word for word in words if word.lstrip("+~").startswith(("watch.", "watch="))]
    if named and verb is None:
        raise SettingError(
            f"{named[0]} is a setting of emocam watch SOURCE, and no run has a use for it; leave it out"
        )


def _run_locked(
    cfg: "DictConfig",
    folder: Path,
    allowed: list[str],
    started: float,
    verb: Verb | None,
    store: "StoreBeside | None",
) -> int:
    from hydra.core.hydra_config import HydraConfig

    from emocam.runner.command import Command
    from emocam.runner.single import run_command
    from emocam.system.memory import collect_again

    collect_again()
    hydra_cfg = HydraConfig.get()
    command = Command(
        cfg=cfg,
        folder=folder,
        choices=_choices(cfg, hydra_cfg.runtime.choices),
        allowed=allowed,
        words=list(hydra_cfg.overrides.task),
        parent=os.environ.get("EMOCAM_PARENT_RUN"),
        started=started,
        hydra=cast("DictConfig", HydraConfig.instance().cfg),
        typed=verb.typed if verb else [],
        store=store,
    )
    if verb is not None:
        return verb.run(command)
    return (
        run_command(command)
        if "methods" not in (cfg.get("cam") or {})
        else _run_joined(command, hydra_cfg.mode)
    )


def _run_joined(command: "Command", mode: object) -> int:
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode

    from emocam.cli.messages import error_sentence
    from emocam.errors import SettingError
    from emocam.runner.joined_cams import Joined
    from emocam.settings.paths import resource_folder

    if mode != RunMode.RUN:
        raise SettingError(
            f"cam={command.choices['cam']} is a sweep over its methods by itself and cannot be one run of "
            "another; leave out -m, or sweep over the methods: cam=gradcam,lift"
        )
    loader = GlobalHydra.instance().config_loader()
    return Joined(
        command,
        compose=lambda words: loader.load_configuration("config", words, RunMode.RUN),
        tell=lambda error: error_sentence(error, resource_folder("conf")),
    ).run()


def _choices(cfg: "DictConfig", options: dict[str, str | None]) -> dict[str, str]:
    """Return each group's option, or the class's name where a class was named instead."""
    from omegaconf import OmegaConf

    keys = [key for key in map(str, cfg) if OmegaConf.is_dict(OmegaConf.select(cfg, key))]
    targets = {key: OmegaConf.select(cfg, f"{key}._target_") for key in keys}
    named = {key: target.rpartition(".")[2] for key, target in targets.items() if isinstance(target, str)}
    return named | {key: str(option) for key, option in options.items() if "/" not in key}


def _start_processes_as_usual() -> None:
    """Set the usual start method: workers of the joblib launcher have their own, which data loading cannot use."""
    import multiprocessing

    usual = multiprocessing.get_all_start_methods()
    if multiprocessing.get_start_method(allow_none=True) not in (None, *usual):
        multiprocessing.set_start_method(usual[0], force=True)
