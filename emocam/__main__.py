"""`python -m emocam`: finds conf/, normalises the command line, tells mistakes in a sentence.

Imports Hydra and the standard library only, so that help and mistakes answer at once.
"""

import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from emocam.app import Command
    from emocam.tracking import Ending

STARTED = time.perf_counter()
VERBS = ("compare", "fetch", "layers", "merge", "verify")


def main() -> None:
    sys.exit(answer(sys.argv[1:]))


def answer(words: list[str]) -> int:
    """The exit status of a command line."""
    if words and words[0] in VERBS:
        return _verb(words[0], words[1:])
    if "--help" in words or "-h" in words:
        from emocam.help import text
        from emocam.places import beside

        sys.stdout.write(text(beside("conf"), beside("experiments"), list(VERBS)))
        return 0
    if words == ["--version"]:
        from emocam import __version__

        sys.stdout.write(f"emocam {__version__}\n")
        return 0
    return _hydra(words)


def _verb(verb: str, words: list[str]) -> int:
    from emocam.errors import SettingError

    try:
        return importlib.import_module(f"emocam.verb.{verb}").main(words)
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _hydra(words: list[str]) -> int:
    full_error = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then hands its errors on instead of printing them
    import hydra
    from omegaconf import OmegaConf

    from emocam.commandline import check_words, normalise
    from emocam.errors import Carried, Interrupted, SettingError
    from emocam.jobs import leave
    from emocam.mistakes import sentence
    from emocam.places import beside
    from emocam.settings import unwritable
    from emocam.studies import register
    from emocam.sweep import close

    conf = beside("conf")
    primary = OmegaConf.load(conf / "config.yaml")
    groups = {str(key) for entry in primary.defaults if not isinstance(entry, str) for key in entry}
    groups = {group for group in groups if group.isidentifier()}  # not `override hydra/job_logging`
    statuses: list[int] = []

    def told(error: Exception) -> int:
        if full_error and not isinstance(error, SettingError):
            raise error
        sys.stderr.write(f"{sentence(error, conf)}\n")
        return 1

    def job(cfg: "DictConfig") -> int:
        """One run; a mistake in one run of a sweep is told and leaves the others alone."""
        if not full_error:
            os.environ.pop("HYDRA_FULL_ERROR", None)  # what the run starts hands its errors to nobody
        saying = ""
        try:
            statuses.append(_run(cfg, words, groups | {str(key) for key in primary if key != "defaults"}))
        except Exception as error:
            statuses.append(told(error))
            saying = sentence(error, conf)
        finally:
            os.environ["HYDRA_FULL_ERROR"] = "1"
        leave(statuses[-1], saying)
        return statuses[-1]

    register()
    sys.argv = [sys.argv[0], *normalise(words, groups)]
    ending: Ending = "FAILED"
    try:
        check_words(sys.argv[1:])
        with _listening():
            hydra.main(version_base="1.3", config_path=str(conf), config_name="config")(job)()
        ending = "FINISHED"
    except (Interrupted, KeyboardInterrupt) as stop:
        ending = "KILLED"
        number = stop.signal if isinstance(stop, Interrupted) else signal.SIGINT
        sys.stderr.write(
            "interrupted; the same command with the same hydra.run.dir (of a sweep: hydra.sweep.dir) "
            "goes on where this one stopped\n"
        )
        return 128 + number
    except SystemExit as left:
        return 1 if left.code else 0
    except Carried as carried:
        return told(carried.error)
    except OSError as error:  # from Hydra, which makes the folder; what a job raises is told above
        return told(unwritable(Path(error.filename), error) if error.filename else error)
    except Exception as error:
        return told(error)
    finally:
        statuses.extend(close(ending))
        if not full_error:
            os.environ.pop("HYDRA_FULL_ERROR", None)
    return 1 if 1 in statuses else max(statuses, default=0)


@contextmanager
def _listening() -> Iterator[None]:
    """Both signals become an exception that no `except Exception` swallows, until the work is over."""
    from emocam.errors import Interrupted

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start_processes_as_usual() -> None:
    """Workers of the joblib launcher start processes in a way of its own, which data loading cannot use."""
    import multiprocessing

    usual = multiprocessing.get_all_start_methods()
    if multiprocessing.get_start_method(allow_none=True) not in (None, *usual):
        multiprocessing.set_start_method(usual[0], force=True)


def _choices(cfg: "DictConfig", options: dict[str, str | None]) -> dict[str, str]:
    """Each group's option; where a class was named instead, its name."""
    from omegaconf import OmegaConf

    keys = [key for key in map(str, cfg) if key != "allow"]
    targets = {key: OmegaConf.select(cfg, f"{key}._target_") for key in keys}
    named = {key: target.rpartition(".")[2] for key, target in targets.items() if isinstance(target, str)}
    return named | {key: str(option) for key, option in options.items() if "/" not in key}


def _run(cfg: "DictConfig", words: list[str], known: set[str]) -> int:
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from emocam.errors import SettingError
    from emocam.settings import check, writable

    hydra_cfg = HydraConfig.get()
    new = [word.lstrip("+").split("=")[0] for word in hydra_cfg.overrides.task if word.startswith("+")]
    check(cfg, frozenset(known) - {"hydra"}, [key for key in new if "." not in key])
    folder = Path(hydra_cfg.runtime.output_dir)
    writable(folder)
    allowed = list(cfg.allow) if any(w.startswith("allow=") for w in hydra_cfg.overrides.task) else []
    if list(cfg.allow) != allowed:
        raise SettingError("allow may only be given on the command line, not in a file of settings")

    if allowed:
        sys.path.append(str(Path.cwd()))  # `python -m` looks here by itself, the console script does not
    _start_processes_as_usual()
    # the later jobs of a sweep did not begin when the process did
    started = STARTED if hydra_cfg.mode == RunMode.RUN else time.perf_counter()
    from emocam.app import Command, run

    command = Command(
        cfg=cfg,
        folder=folder,
        choices=_choices(cfg, hydra_cfg.runtime.choices),
        allowed=allowed,
        words=list(hydra_cfg.overrides.task),
        parent=os.environ.get("EMOCAM_PARENT_RUN"),
        started=started,
    )
    return run(command) if "methods" not in (cfg.get("cam") or {}) else _run_joined(command, hydra_cfg.mode)


def _run_joined(command: "Command", mode: object) -> int:
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode

    from emocam.errors import SettingError
    from emocam.joined import Joined
    from emocam.mistakes import sentence
    from emocam.places import beside

    if mode != RunMode.RUN:
        raise SettingError(
            f"cam={command.choices['cam']} is a sweep over its methods by itself and cannot be one run of "
            "another; leave out -m, or sweep over the methods: cam=gradcam,lift"
        )
    loader = GlobalHydra.instance().config_loader()
    return Joined(
        command,
        compose=lambda words: loader.load_configuration("config", words, RunMode.RUN),
        tell=lambda error: sentence(error, beside("conf")),
    ).run()


if __name__ == "__main__":
    main()
