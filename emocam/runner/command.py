"""One command as Hydra composed it, and the components that its settings name."""

import re
import shlex
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from emocam.logger.beside import StoreBeside
from emocam.predict.components import Components, Precision
from emocam.runner.kinds import KINDS
from emocam.settings.build import build
from emocam.settings.recorded import write_settings
from emocam.settings.replay_words import takes_evidence
from emocam.system.memory import keep_memory

IN_SHELL = re.compile(r"[\s'\"\\()#&;|<>$`!*?]")
"""Signs that a shell takes for its own; brackets and braces come to the command as they are."""


def in_shell(word: str) -> str:
    """Return a word between quotes, double ones around the single ones of Hydra where that is enough."""
    return f'"{word}"' if "'" in word and not re.search(r"[\"$`\\!]", word) else shlex.quote(word)


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
    hydra: DictConfig | None = None
    renames: bool = False
    relabels: bool = False
    """Whether a replay gives objects, and labels, other names than the evidence has."""
    typed: list[str] = field(default_factory=list)
    """A verb and its words as they were typed, where it composed others of them."""
    earlier: tuple[Path, ...] = ()
    """Runs of the same pictures that the same command has finished."""
    call: str = ""
    """The call from Python, where there was no command line."""
    store: StoreBeside | None = None
    """The tracking store, where a process of its own opens it since the command began."""

    @property
    def line(self) -> str:
        """The command line, to be typed again."""
        if self.call:
            return self.call
        words = (in_shell(word) if IN_SHELL.search(word) else word for word in self.typed or self.words)
        return " ".join(["python -m emocam", *words])

    @cached_property
    def named(self) -> frozenset[str]:
        """The settings and groups that the command line's words name."""
        return frozenset(word.lstrip("+~").partition("=")[0] for word in self.words)

    def names(self, group: str) -> bool:
        """Return whether the command line chose or set something of a group."""
        return any(name.partition(".")[0] == group for name in self.named)

    def record_begun(self) -> None:
        """Write .hydra/, unless a finished run's is there: that stays until this one is found to be the same."""
        if not (self.folder / "predictions.parquet").exists():
            self.record()

    def record(self) -> None:
        """Write .hydra/: the composed settings, Hydra's own, and the words that they came from."""
        cfg = self.cfg.copy()
        if self.hydra is not None:
            with open_dict(cfg):
                cfg["hydra"] = self.hydra["hydra"]
        write_settings(self.folder, cfg, self.words)


def build_components(
    command: Command, seconds: dict[str, float], given: Mapping[str, object] = MappingProxyType({})
) -> Components:
    """Build what the command's settings name; `seconds` is where the time of its stages goes.

    `given` are components that a program made itself, in place of those that the settings describe.
    """
    hush()
    keep_memory()
    settings: dict[str, Any] = OmegaConf.to_container(command.cfg, resolve=True)  # type: ignore[assignment]
    if not takes_evidence(command.cfg) or settings.get("effect") or settings.get("paste"):
        settings["precision"] = precision(
            settings
        )  # else that of the evidence, whatever this machine computes

    def build_here(name: str) -> Any:
        if name in given:
            return given[name]
        return build(OmegaConf.select(command.cfg, name), name, command.allowed, KINDS[name])

    def build_from(name: str, changed: dict[str, Any]) -> Any:
        node = OmegaConf.select(OmegaConf.create(changed), name)
        return build(node, name, command.allowed, KINDS[name])

    return Components(
        command.folder,
        settings,
        build_here,
        precision=settings["precision"],
        fast=settings.get("fast", True),
        cache=Path(settings["cache"]).expanduser() if settings["cache"] else None,
        trainer=settings["trainer"],
        quiet=settings["quiet"],
        seed=settings["seed"],
        features=bool(settings.get("features")),
        own_code=bool(settings["allow"] or given),
        classifier_named=command.names("classifier") or "classifier" in given,
        renames=command.renames,
        relabels=command.relabels,
        seconds=seconds,
        build_from=build_from,
    )


def precision(settings: dict[str, Any]) -> Precision:
    """Return the settings' precision, or 32 with a printed sentence where the device computes no other."""
    if settings["precision"] != "bf16":
        return 32
    from emocam.network.precision import computes_bf16

    if computes_bf16(settings["trainer"].get("accelerator", "auto")):
        return "bf16"
    sys.stderr.write(
        "precision=bf16 needs a processor or GPU that computes bfloat16 itself (AVX512-BF16, AMX, Ampere or "
        "later), which this is not; the run uses 32\n"
    )
    return 32


def hush() -> None:
    """Suppress Lightning's hints: they are about training, and a user of ours can act on none of them."""
    import logging

    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings(
        "ignore", module=r"(pytorch_lightning|lightning|lightning_fabric|torchvision)\..*"
    )
    warnings.filterwarnings("ignore", message=r".*(num_workers|treespec|pin_memory|LeafSpec).*")
    # of letters that no font draws; the letter itself would go to the terminal, whatever it does there
    warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from")
