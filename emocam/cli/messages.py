"""The errors of Hydra and OmegaConf, in one sentence each."""

import difflib
import re
from pathlib import Path

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from emocam.cli.help import VERBS
from emocam.errors import SettingError, nearest
from emocam.settings.secret_words import hide_secrets

LAUNCHERS = {"joblib": "joblib", "submitit_local": "slurm", "submitit_slurm": "slurm", "ray": "ray"}
"""Hydra's launchers that are packages of their own, and our extras that bring them."""


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = [error]
    while (following := chain[-1].__cause__ or chain[-1].__context__) and following not in chain:
        chain.append(following)
    return chain


def _keys(file: Path) -> set[str]:
    return {key for key in re.findall(r"^(\w+):", file.read_text(), re.MULTILINE) if key[0] != "_"}


def unknown(name: str, conf: Path) -> str:
    """Return a sentence on an unknown setting, with the options that do have it or the nearest names."""
    group, _, key = name.removeprefix("+").partition(".")
    files = {file.stem: _keys(file) for file in sorted((conf / group).glob("*.yaml"))}
    owners = [f"{group}={option}" for option, keys in files.items() if key in keys]
    if owners:
        more = ", ..." * (len(owners) > 5)
        return f"{name} is no setting of the {group} chosen here, but of {', '.join(owners[:5])}{more}"
    if files and key:
        return f"{name} is no setting; {nearest(name, {f'{group}.{k}' for k in set().union(*files.values())}, 40)}"
    top = {folder.name for folder in conf.iterdir() if folder.is_dir()} | _keys(conf / "config.yaml")
    inner = {f"{file.parent.name}.{key}" for file in conf.glob("*/*.yaml") for key in _keys(file)}
    inner -= {setting for setting in inner if setting.startswith("callback.")}  # their keys are names
    choices = sorted(inner if key else top - {"defaults", "hydra"})
    close = nearest(name.removeprefix("+"), choices, 40)
    alike = sorted(
        setting for setting in inner if setting.rpartition(".")[2] == (key or name.removeprefix("+"))
    )
    if alike and "did you mean" not in close:
        return f"{name} is no setting; did you mean {' or '.join(alike)}?"
    if key and "did you mean" not in close:
        close = f"emocam --help lists the groups: {nearest(group, sorted(top - {'defaults', 'hydra'}), 40)}"
    return f"{name} is no setting; {close}"


def _unreadable_word(word: str) -> str:
    """Return what to write instead of a word that Hydra cannot read."""
    verbs = difflib.get_close_matches(word, VERBS, n=1) if word.isalpha() else []
    if verbs:
        return f"{word!r} is neither a verb nor SETTING=VALUE; did you mean emocam {verbs[0]}?"
    return f"the word {word!r} cannot be read as SETTING=VALUE; put quotes around special characters"


def error_sentence(error: Exception, conf: Path) -> str:
    """Return an error in one line: the setting, what was expected, what was found, what to do.

    Passwords in addresses, which come from the environment as well, are left out.
    """
    return hide_secrets(_sentence(error, conf))


def _sentence(error: Exception, conf: Path) -> str:
    for cause in _chain(error):
        if isinstance(cause, SettingError):
            return str(cause)
    words = " ".join(str(part) for part in _chain(error))
    if isinstance(error, MissingConfigException) and (
        match := re.search(r"Could not find '([^']*)/([^'/]*)'", str(error))
    ):
        group, option = match.groups()
        if group == "hydra/launcher" and option in LAUNCHERS:
            return f"{group}={option} is not installed; pip install 'emocam[{LAUNCHERS[option]}]' brings it"
        options = error.options or []
        return f"{group}={option} is no option of the group {group}; {nearest(option, options, 40)}"
    if match := re.search(
        r"Could not override '\+?([^'@]*)(@[^']*)?'\.?\s*No match in the defaults list", words
    ):
        return unknown(match[1], conf)
    if match := re.search(r"Could not override '([^']*)'", words):
        return unknown(match[1], conf)
    if match := re.search(r"Key '([^']*)' is not in struct\s+full_key: (\S+)", words):
        return unknown(match[2], conf)
    if isinstance(error, OverrideParseException):
        return _unreadable_word(str(error.override))
    if isinstance(error, HydraException | OmegaConfBaseException):
        return " ".join(str(error).split())
    what = " ".join(str(error).split())
    return f"emocam failed with {type(error).__name__}: {what}; HYDRA_FULL_ERROR=1 shows where"
