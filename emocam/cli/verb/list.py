"""`emocam list KIND`: what can be chosen, with a line on each."""

import argparse
import ast
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from emocam.errors import SettingError, nearest
from emocam.settings.paths import PACKAGE, resource_folder

KINDS = {"cams": "cam", "detectors": "detector", "classifiers": "classifier", "data": "data"}
"""The kinds with names of their own; each other group of settings is called as it is."""
STUDIES = "experiments"
NARROWEST = 40


def main(words: list[str]) -> int:
    """Print the options of a kind with what their files say of them, and return 0."""
    conf = resource_folder("conf")
    groups = {folder.name for folder in conf.iterdir() if folder.is_dir() and folder.name != "hydra"}
    kinds = [*KINDS, STUDIES, *sorted(groups - set(KINDS.values()))]
    parser = argparse.ArgumentParser(prog="emocam list", description="Lists what can be chosen, a line each.")
    parser.add_argument("kind", metavar="KIND", help=f"one of {', '.join(kinds)}")
    kind: str = parser.parse_args(words).kind
    if kind not in kinds:
        raise SettingError(f"KIND {kind!r} is nothing that can be listed; {nearest(kind, kinds, len(kinds))}")
    folder = resource_folder(STUDIES) if kind == STUDIES else conf / KINDS.get(kind, kind)
    group = "+experiment" if kind == STUDIES else KINDS.get(kind, kind)
    found = {file.stem: " ".join(option_text(file).split()) for file in sorted(folder.glob("*.yaml"))}
    sys.stdout.write("".join(f"{line}\n" for line in _lines(found)))
    sys.stdout.write(f"\nchosen by {group}=NAME; its settings: python -m emocam {group}=NAME --cfg job\n")
    return 0


def option_text(file: Path) -> str:
    """Return the first paragraph of what a file of settings says of itself, or of the class that it names."""
    text = file.read_text(encoding="utf-8")
    said = re.match(r"(?:# @package.*\n)?((?:# .*\n)+)", text)
    if said:
        lines = [line.removeprefix("# ") for line in said[1].splitlines()]
        return " ".join(line for line in lines if not line.startswith("python -m "))
    target = re.search(r"^_target_: (\S+)", text, re.MULTILINE)
    return _documented(target[1]) if target else ""


def _documented(target: str) -> str:
    """Return the first paragraph of the module of a class of ours, which is read and not imported."""
    module = PACKAGE.parent.joinpath(*target.split(".")[:-1]).with_suffix(".py")
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) if module.is_file() else None
    return (text or "").split("\n\n")[0]


def _lines(found: dict[str, str]) -> Iterator[str]:
    """Yield names and texts as two columns, wrapped at the terminal's width."""
    first = max(map(len, found), default=0) + 2
    width = max(NARROWEST, shutil.get_terminal_size((100, 24)).columns - first)
    for name, text in found.items():
        lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
        for head, line in zip([name, *[""] * len(lines)], lines, strict=False):
            yield f"{head:{first}}{line}".rstrip()
