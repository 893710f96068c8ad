"""`cam=joined`: a sweep over CAM methods whose evidence is found in one pass.

The pictures are opened, classified and detected once for all methods. Each method's run is then the
ordinary one: its command finds its evidence finished in its folder, counts, draws and tracks.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf, open_dict

from emocam.errors import SettingError, nearest
from emocam.results.files import ATTRIBUTES
from emocam.runner import job_status, sweep
from emocam.runner.command import Command, build_components
from emocam.runner.kinds import KINDS
from emocam.runner.single import run_command
from emocam.settings.build import build
from emocam.system.run_lock import locked

if TYPE_CHECKING:
    from emocam.results.run import Run

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
        targets = self.targets(methods)
        wanted: list[str | None] = [*targets] or [None]
        asked = [(method, target) for method in methods for target in wanted]
        children = [self.child(number, *one) for number, one in enumerate(asked)]
        with ExitStack() as locks:
            for child in children:
                locks.enter_context(locked(child.folder))
                child.record_begun()
            return self._run(methods, targets, children)

    def targets(self, methods: list[str]) -> list[str]:
        """Return the labels that `cam.targets` asks about, of a network that answers with values; none otherwise."""
        asked = OmegaConf.select(self.command.cfg, "cam.targets")
        if asked is None:
            return []
        classifier = build_components(self.child(0, methods[0]), {}).classifier
        return targets_of(
            asked if isinstance(asked, str) else list(asked), classifier.labels, classifier.values is not None
        )

    def _run(self, methods: list[str], targets: list[str], children: list[Command]) -> int:
        command = self.command
        data = command.choices.get("data", "")
        opened = sweep.start(
            lambda: build(command.cfg.get("logger"), "logger", command.allowed, KINDS["logger"]),
            command.folder,
            data,
            command.words,
            {"cam": ",".join(methods)} | ({"cam.targets": ",".join(targets)} if targets else {}),
        )
        parent = opened.tracking.record.id if opened.tracking else None
        children = [replace(child, parent=parent) for child in children]
        spent = explain_jointly(children, several=bool(targets))
        statuses: list[int] = []
        finished: tuple[Path, ...] = ()
        for number, child in enumerate(children):
            statuses.append(self.finish(number, replace(child, earlier=finished), spent))
            finished += () if statuses[-1] == 1 else (child.folder,)
        sweep.finish_sweep(opened, conclude_attributes if targets else None)
        return max(statuses)

    def child(self, number: int, method: str, target: str | None = None) -> Command:
        """Return the command that a sweep over `cam` would run for this method, and this target of several."""
        mine = ["cam", "cam.methods", "cam.targets", "hydra.run.dir"]
        mine += ["cam.target"] if target is not None else []
        words = [word for word in self.command.words if word.lstrip("+~").partition("=")[0] not in mine]
        words.append(f"cam={method}")
        if target is not None:
            words.append(f"cam.target={quoted_target(target)}")
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
    least = 2 if OmegaConf.select(cfg, "cam.targets") is None else 1
    if len(methods) < least or len(set(methods)) < len(methods):
        raise SettingError(f"cam.methods must name two or more CAM methods, each once, got {methods}")
    return methods


ALL = "all"
"""The `cam.targets` that is every label."""


def targets_of(asked: str | list[object], labels: list[str], values: bool) -> list[str]:
    """Return the labels that are asked about, each once; a value's name stands for both directions."""
    if not values:
        raise SettingError(
            "cam.targets asks every picture about several values, and this classifier answers with labels; "
            "give classifier.values, or leave cam.targets away"
        )
    if asked == ALL:
        return list(labels)
    if isinstance(asked, str) or not asked:
        raise SettingError(f"cam.targets must be all or a list such as [{labels[0]}, ...], got {asked!r}")
    names = {label[:-2]: [label, other] for label, other in zip(labels[::2], labels[1::2], strict=True)}
    targets = []
    for one in map(str, asked):
        if one not in labels and one not in names:
            raise SettingError(f"cam.targets: {one!r} is no label; {nearest(one, [*labels, *names])}")
        targets += [one] if one in labels else names[one]
    return list(dict.fromkeys(targets))


def quoted_target(target: str) -> str:
    """Return a label as a value on the command line."""
    escaped = target.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def conclude_attributes(runs: "list[Run]", folder: Path) -> tuple[list[str], dict[str, float]]:
    """Write what the parent of runs over several values leaves, and return its closing lines and numbers."""
    from emocam.compare.attributes import write_attributes

    found = write_attributes(runs, folder)
    verdicts = found.table["verdict"].value_counts()
    numbers = {word: float(verdicts.get(word, 0)) for word in ("raises", "lowers")}
    return [*found.sentences, f"table    {folder / ATTRIBUTES}"], {"runs": float(len(runs)), **numbers}


def explain_jointly(children: list[Command], several: bool = False) -> dict[str, float]:
    """Find the evidence of all in one pass; return the seconds, of which each run gets its share.

    Where `several` values are asked, changed pictures answer all of them in one pass, too.
    """
    from emocam.intervention.effect import measure_effects
    from emocam.predict.evidence import explain_together

    parts = [build_components(child, {}) for child in children]
    keys = explain_together(parts)
    if several and parts[0].effect is not None:
        measure_effects(parts, keys)
    return {name: seconds / len(children) for name, seconds in parts[0].seconds.items()}
