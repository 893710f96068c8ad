"""`cam=joined`: a sweep over CAM methods whose evidence is found in one pass.

The pictures are opened, classified and detected once for all methods. Each method's run is then the
ordinary one: its command finds its evidence finished in its folder, counts, draws and tracks.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from omegaconf import DictConfig, OmegaConf, open_dict

from emocam.errors import SettingError
from emocam.runner import job_status, sweep
from emocam.runner.command import Command, build_components
from emocam.runner.kinds import KINDS
from emocam.runner.single import run_command
from emocam.settings.build import build
from emocam.system.run_lock import locked

Compose = Callable[[list[str]], DictConfig]
"""What Hydra makes of the words of a command line."""


@dataclass(frozen=True)
class Joined:
    """The command, its methods by their names in conf/cam, and how a mistake is told."""

    command: Command
    compose: Compose
    tell: Callable[[Exception], str]

    def run(self) -> int:
        """Run all methods, and return the exit status of the worst run."""
        command = self.command
        methods = methods_of(command.cfg)
        children = [self.child(number, method) for number, method in enumerate(methods)]
        with ExitStack() as locks:
            for child in children:
                locks.enter_context(locked(child.folder))
                child.record_begun()
            return self._run(methods, children)

    def _run(self, methods: list[str], children: list[Command]) -> int:
        command = self.command
        data = command.choices.get("data", "")
        opened = sweep.start(
            lambda: build(command.cfg.get("logger"), "logger", command.allowed, KINDS["logger"]),
            command.folder,
            data,
            command.words,
            {"cam": ",".join(methods)},
        )
        parent = opened.tracking.record.id if opened.tracking else None
        children = [replace(child, parent=parent) for child in children]
        spent = explain_jointly(children)
        statuses = [self.finish(number, child, spent) for number, child in enumerate(children)]
        sweep.finish_sweep(opened)
        return max(statuses)

    def child(self, number: int, method: str) -> Command:
        """Return the command that a sweep over `cam` would run for this method."""
        mine = ("cam", "cam.methods", "hydra.run.dir")
        words = [word for word in self.command.words if word.lstrip("+~").partition("=")[0] not in mine]
        words.append(f"cam={method}")
        cfg = self.compose(words)
        folder = self.command.folder / str(number)
        choices = {key: str(option) for key, option in cfg.hydra.runtime.choices.items() if "/" not in key}
        hydra = OmegaConf.masked_copy(cfg, ["hydra"])
        with open_dict(cfg):
            del cfg["hydra"]
        choices = {key: choices.get(key, kept) for key, kept in self.command.choices.items()}
        return replace(self.command, cfg=cfg, folder=folder, choices=choices, words=words, hydra=hydra)

    def finish(self, number: int, child: Command, spent: dict[str, float]) -> int:
        """Finish one run and return its exit status; a mistake in it is reported, and leaves the others alone."""
        status, told = 1, ""
        try:
            status = run_command(replace(child, started=time.perf_counter()), spent)
        except Exception as error:
            told = self.tell(error)
            sys.stderr.write(f"{told}\n")
        job_status.write_job(
            self.command.folder, job_status.Job(number, child.folder, child.words, status, told)
        )
        return status


def methods_of(cfg: DictConfig) -> list[str]:
    """Return the methods that `cam.methods` lists, each once."""
    methods = [str(method) for method in cfg.cam.methods]
    if len(methods) < 2 or len(set(methods)) < len(methods):
        raise SettingError(f"cam.methods must name two or more CAM methods, each once, got {methods}")
    return methods


def explain_jointly(children: list[Command]) -> dict[str, float]:
    """Find the evidence of all in one pass; return the seconds, of which each run gets its share."""
    from emocam.predict.evidence import explain_together

    parts = [build_components(child, {}) for child in children]
    explain_together(parts)
    return {name: seconds / len(children) for name, seconds in parts[0].seconds.items()}
