"""Hydra's and OmegaConf's complaints, told in one sentence each."""

import re
from pathlib import Path

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from emocam.errors import SettingError, nearest


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = [error]
    while (following := chain[-1].__cause__ or chain[-1].__context__) and following not in chain:
        chain.append(following)
    return chain


def _keys(file: Path) -> set[str]:
    return {key for key in re.findall(r"^(\w+):", file.read_text(), re.MULTILINE) if key[0] != "_"}


def unknown(name: str, conf: Path) -> str:
    """A setting that is not there: the options that do have it, or the nearest names."""
    group, _, key = name.removeprefix("+").partition(".")
    files = {file.stem: _keys(file) for file in sorted((conf / group).glob("*.yaml"))}
    owners = [f"{group}={option}" for option, keys in files.items() if key in keys]
    if owners:
        more = ", ..." * (len(owners) > 5)
        return f"{name} is no setting of the {group} chosen here, but of {', '.join(owners[:5])}{more}"
    if files and key:
        return f"{name} is no setting; {nearest(name, {f'{group}.{k}' for k in set().union(*files.values())}, 40)}"
    top = {folder.name for folder in conf.iterdir() if folder.is_dir()} | _keys(conf / "config.yaml")
    return f"{name} is no setting; {nearest(name, sorted(top - {'defaults', 'hydra'}), 40)}"


def error_sentence(error: Exception, conf: Path) -> str:
    """One line: the setting, what was expected, what was found, what to do."""
    for cause in _chain(error):
        if isinstance(cause, SettingError):
            return str(cause)
    words = " ".join(str(part) for part in _chain(error))
    if isinstance(error, MissingConfigException) and (
        found := re.search(r"Could not find '([^']*)/([^'/]*)'", str(error))
    ):
        group, option = found.groups()
        options = error.options or []
        return f"{group}={option} is no option of the group {group}; {nearest(option, options, 40)}"
    if found := re.search(
        r"Could not override '\+?([^'@]*)(@[^']*)?'\.?\s*No match in the defaults list", words
    ):
        return unknown(found[1], conf)
    if found := re.search(r"Could not override '([^']*)'", words):
        return unknown(found[1], conf)
    if found := re.search(r"Key '([^']*)' is not in struct\s+full_key: (\S+)", words):
        return unknown(found[2], conf)
    if isinstance(error, OverrideParseException):
        return f"the word {error.override!r} cannot be read as SETTING=VALUE; put quotes around special characters"
    if isinstance(error, HydraException | OmegaConfBaseException):
        return " ".join(str(error).split())
    what = " ".join(str(error).split())
    return f"emocam failed with {type(error).__name__}: {what}; HYDRA_FULL_ERROR=1 shows where"
