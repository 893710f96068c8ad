"""The command of a replay, with the settings that made the evidence in place of those nobody asked for.

What is written down of a replay (`.hydra/`, summary.json, the tracking store) is then what made its tables,
and a replay of it opens the same pictures.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from emocam.errors import SettingError
from emocam.results.evidence_source import source_of
from emocam.results.files import SUMMARY
from emocam.results.run import Run
from emocam.runner.command import Command
from emocam.settings.recorded import ROOT, recorded_settings, settings_file
from emocam.settings.replay_words import DRAWS, MADE, evidence_of, takes_evidence
from emocam.task.replay import check_replay_folder

NAMES = {
    "vocabulary": "emocam.detector.vocabulary.Vocabulary",
    "labels": "emocam.network.label_names.LabelNames",
}
"""Groups that give objects and labels other names, and what does it."""
UNITS = ("group", "time")
"""Settings of the data that a replay may ask for anew, and leaves as they are where it does not."""
HANDLING = ("batch_size", "workers")
"""Settings of the data that are those of the present command."""


def as_recorded(command: Command) -> Command:
    """Return the command of a replay with the settings that made the evidence; others are left alone."""
    if not takes_evidence(command.cfg):
        return command
    source = source_of(evidence_of(command.cfg))
    check_replay_folder(command.folder, source)
    address = command.cfg.data.get("root") if ROOT in command.named else None
    recorded = _recorded(recorded_settings(source, address)) if settings_file(source).is_file() else {}
    before = Run(source).summary.get("choices", {}) if (source / SUMMARY).is_file() else {}
    cfg = command.cfg.copy()
    kept = [*MADE, *(["seed"] if "seed" not in command.named or cfg.get(DRAWS) is None else [])]
    renames = {name: _renames(command, name, recorded.get(name)) for name in NAMES}
    kept += [name for name, asked in renames.items() if not asked]
    choices = dict(command.choices)
    with open_dict(cfg):
        cfg.task.evidence = str(source.absolute())
        if "evidence" in cfg:
            cfg.evidence = str(source.absolute())
        for name in kept:
            if name == "data":
                cfg.data = _data(command, recorded.get(name))
            elif name in recorded or name not in ("seed", "precision", *NAMES):
                cfg[name] = recorded.get(name)
            if name in choices or name in before:
                choices[name] = str(before.get(name))
    return replace(
        command, cfg=cfg, choices=choices, renames=renames["vocabulary"], relabels=renames["labels"]
    )


def _recorded(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded settings that a replay takes over, with their references replaced by values."""
    cfg = OmegaConf.create(settings)
    found: dict[str, Any] = {}
    for name in (*MADE, *NAMES, "seed"):
        try:
            node = cfg.get(name)
            found[name] = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
        except OmegaConfBaseException as error:
            reason = " ".join(str(error).split())
            raise SettingError(
                f"evidence: its setting {name} refers to what is not there ({reason[:160]})"
            ) from None
    return {name: value for name, value in found.items() if name in settings}


def _data(command: Command, recorded: object) -> dict[str, Any] | None:
    """Return the recorded data, with the groups and times that are asked for now, handled as this command says."""
    now: DictConfig = command.cfg.data
    asked = {
        name: now.get(name) for name in UNITS if now.get(name) is not None or f"data.{name}" in command.named
    }
    if not isinstance(recorded, dict):  # evidence that does not say which pictures it was made of
        return asked or None
    handled = {name: now[name] for name in HANDLING if now.get(name) is not None and name in recorded}
    if "data.max_unreadable" in command.named:
        handled["max_unreadable"] = now.max_unreadable
    return {**recorded, **asked, **handled}


def _renames(command: Command, group: str, recorded: object) -> bool:
    """Return whether names are asked for that the evidence does not have; names cannot be changed twice."""
    asked = _steps(OmegaConf.to_container(command.cfg[group], resolve=True), group)
    made = _steps(recorded, group)
    if asked == made or not (asked or command.names(group)):
        return False
    if made:
        already = "one" if group == "vocabulary" else "such names"
        raise SettingError(
            f"{group}: the evidence was made with {already} already, whose names are all that it has; give "
            "it to the command that made the evidence"
        )
    return True


def _steps(names: object, group: str) -> dict[str, Any]:
    """Return what a group changes, by setting; nothing for one that leaves names as they are."""
    changes = names if isinstance(names, Mapping) else {}
    named = {str(key): value for key, value in changes.items() if not str(key).startswith("_") and value}
    own = changes.get("_target_", NAMES[group]) != NAMES[group]
    return {"_target_": changes["_target_"], **named} if own else named
