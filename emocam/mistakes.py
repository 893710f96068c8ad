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


def _keys(conf: Path, group: str) -> list[str]:
    """Every setting of a group's options, as `group.key`."""
    files = (conf / group).glob("*.yaml") if (conf / group).is_dir() else []
    found = {m for file in files for m in re.findall(r"^(\w+):", file.read_text(), re.MULTILINE)}
    return sorted(f"{group}.{key}" for key in found if not key.startswith("_"))


def sentence(error: Exception, conf: Path) -> str:
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
        groups = sorted(folder.name for folder in conf.iterdir() if folder.is_dir())
        return f"{found[1]} is no group of settings; {nearest(found[1], groups, 40)}"
    if found := re.search(r"Could not override '([^']*)'", words):
        name = found[1]
        return f"{name} is no setting here; {nearest(name, _keys(conf, name.split('.')[0]), 40)}"
    if found := re.search(r"Key '([^']*)' is not in struct\s+full_key: (\S+)", words):
        return f"{found[2]} is no setting here; {nearest(found[2], _keys(conf, found[2].split('.')[0]), 40)}"
    if isinstance(error, OverrideParseException):
        return f"the word {error.override!r} cannot be read as SETTING=VALUE; put quotes around special characters"
    if isinstance(error, HydraException | OmegaConfBaseException):
        return " ".join(str(error).split())
    what = " ".join(str(error).split())
    return f"emocam failed with {type(error).__name__}: {what}; HYDRA_FULL_ERROR=1 shows where"
