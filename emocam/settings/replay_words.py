"""Which settings a replay can apply: evidence is taken as it is, and what made it stays."""

from collections.abc import Iterator, Mapping, Sequence

from omegaconf import DictConfig, OmegaConf

from emocam.errors import SettingError
from emocam.settings.foreign import ADDRESS, leaves
from emocam.settings.recorded import ROOT

APPLIED = (
    *(
        "task",
        "evidence",
        "threshold",
        "verdict",
        "vocabulary",
        "labels",
        "paste",
        "effect",
        "callback",
        "slices",
    ),
    *("logger", "trainer", "cache", "fast", "quiet", "allow", "hydra"),
    *("data.group", "data.time", "data.batch_size", "data.workers", "data.max_unreadable"),
)
"""Settings that a replay has a use for, or that say how it is handled; every other one is refused."""
FIXED = ("threshold.label",)
"""Of these groups the settings that evidence was made with: it has no maps of further labels."""
MADE = ("data", "classifier", "detector", "cam", "attribution", "importance", "precision")
"""Settings that made the evidence, beside the names of objects and labels, and the seed."""
DRAWS = "effect"
"""What draws lots again, so that a seed has a meaning."""


def takes_evidence(cfg: DictConfig) -> bool:
    """Return whether the task takes the evidence of a finished run."""
    task = cfg.get("task")
    return isinstance(task, DictConfig) and "evidence" in task


def evidence_of(cfg: DictConfig) -> str | None:
    """Return the finished run whose evidence the task takes, or None for a task that takes none."""
    return OmegaConf.select(cfg, "task.evidence") if takes_evidence(cfg) else None


def check_replay(cfg: DictConfig, words: Sequence[str], usual: DictConfig) -> None:
    """Refuse what a replay cannot apply: words of the command line, and what a file of settings changed.

    `usual` is what is composed without any words.
    """
    named = {word.lstrip("+~").partition("=")[0].partition("@")[0]: word for word in words}
    named = {key: word for key, word in named.items() if key != ROOT or not ADDRESS.search(word)}
    faults = list(_word_faults(named, draws=cfg.get(DRAWS) is not None))
    changed = changed_settings(cfg, usual)
    # an address says again where the pictures are, and is held to the recorded one; a file may not name any
    changed = {key: value for key, value in changed.items() if key != ROOT or not ADDRESS.search(str(value))}
    faults = faults or list(_file_faults(changed, named))
    if faults:
        raise SettingError("\n".join(faults))


def check_evidence_unused(cfg: DictConfig) -> None:
    """Refuse evidence that was named for a task which does not take any."""
    if cfg.get("evidence") is not None:
        raise SettingError(
            f"evidence={cfg.evidence} is taken by task=replay and task=grid alone, and this task finds its own; "
            "add task=replay, or leave it out"
        )


def is_applied(key: str) -> bool:
    """Return whether a replay can apply a setting."""
    return key not in FIXED and any(key == name or key.startswith(f"{name}.") for name in APPLIED)


def changed_settings(composed: DictConfig, usual: DictConfig) -> dict[str, object]:
    """Return the settings that differ from the usual ones, by their dotted keys."""
    before, now = (dict(leaves(OmegaConf.to_container(cfg))) for cfg in (usual, composed))
    gone = {key: None for key in before if key not in now and before[key] is not None}
    return gone | {key: value for key, value in now.items() if key not in before or before[key] != value}


def _word_faults(named: Mapping[str, str], draws: bool) -> Iterator[str]:
    for key, word in named.items():
        if key == "seed" and not draws:
            yield f"{word} changes nothing in a replay without an effect; leave it out"
        elif key not in ("seed", "experiment") and not is_applied(key):
            yield (
                f"{word} cannot be applied by a replay, which takes the evidence as it was made; leave it out, or "
                "give the command again without task and evidence"
            )


def _file_faults(changed: Mapping[str, object], named: Mapping[str, str]) -> Iterator[str]:
    study = named.get("experiment", "a file of settings")
    for key, value in changed.items():
        if key != "seed" and key.partition(".")[0] not in ("experiment", "hydra") and not is_applied(key):
            yield (
                f"{study} sets {key}={value}, which a replay cannot apply; give the command again without task "
                "and evidence"
            )
