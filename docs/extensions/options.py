"""The options of a group, from conf/: settings, defaults, the yaml's comments, and the class's own words."""

import re
from pathlib import Path

import yaml

from extensions.classes import find, words

CONF = Path(__file__).parents[2] / "conf"
LINE = re.compile(r"^(\w+): *(.*?)(?:  # (.*))?$")


def rows(text: str) -> list[tuple[str, str, str]]:
    """Setting, default and comment of each line of a flat yaml."""
    found = [LINE.match(line) for line in text.splitlines()]
    return [(row[1], row[2], row[3] or "") for row in found if row and row[1] != "_target_"]


def inherited(file: Path) -> str:
    """Return a yaml whose `defaults` name another option of its group with that option's lines first."""
    text = file.read_text(encoding="utf-8")
    parents = [name for name in yaml.safe_load(text).get("defaults", []) if name != "_self_"]
    if not parents or is_nested(text):
        return text
    own = re.sub(r"^defaults:\n(?:  - .*\n)+\n*", "", text, flags=re.MULTILINE)
    names = {name for name, *_ in rows(own)} | {"_target_"}
    above = [inherited(file.with_name(f"{parent}.yaml")) for parent in parents]
    kept = [line for line in "".join(above).splitlines() if line.partition(":")[0] not in names]
    return "\n".join([*own.splitlines(), *kept, ""])


def is_nested(text: str) -> bool:
    """Return whether a setting holds settings, so that a table cannot show it."""
    return any(isinstance(value, dict) for value in yaml.safe_load(text).values())


def is_flat(text: str) -> bool:
    """Return whether the table says all."""
    return "defaults" not in yaml.safe_load(text) and not is_nested(text)


def table(group: str, text: str) -> str:
    found = rows(text)
    if not found:
        return "It has no settings."
    if not any(comment for *_, comment in found):
        lines = [f"| `{group}.{name}` | `{value}` |" for name, value, _ in found]
        return "\n".join(["| setting | default |", "|---|---|", *lines])
    lines = [f"| `{group}.{name}` | `{value}` | {comment} |" for name, value, comment in found]
    return "\n".join(["| setting | default | note |", "|---|---|---|", *lines])


def said(target: object) -> str:
    """The words of the class, and those of its module where they name a source."""
    if not isinstance(target, str) or not target.startswith("emocam."):
        return ""
    node, module = find(target)
    source = words(module)
    return "\n\n".join([words(node), source] if "http" in source else [words(node)])


def option(group: str, file: Path) -> str:
    text = inherited(file)
    settings = yaml.safe_load(text)
    shown = table(group, text) if is_flat(text) else f"```yaml\n{text}```"
    return f"## `{group}={file.stem}`\n\n{said(settings.get('_target_'))}\n\n{shown}\n"


def write(group: str) -> str:
    """Every option of a group; `config` are the settings of no group."""
    if group == "config":
        return own_settings()
    files = sorted((CONF / group).glob("*.yaml"))
    if not files:
        raise LookupError(f"conf/ has no group {group}; a page of docs/ names it")
    return "\n".join(option(group, file) for file in files)


def own_settings() -> str:
    text = (CONF / "config.yaml").read_text(encoding="utf-8")
    top = re.sub(r"^(defaults|hydra):\n(?:[ \n].*\n?)*", "", text, flags=re.MULTILINE)
    lines = [f"| `{name}` | `{value}` | {comment} |" for name, value, comment in rows(top)]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *lines])
