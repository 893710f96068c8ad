"""What the Tab key offers where a verb is typed, or may be; groups, options and settings are Hydra's to offer."""

import contextlib
import importlib
import io
import os
import re

from emocam.cli.help import VERBS

LINE = "COMP_LINE"
"""Where a shell tells the line that is typed."""
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
CHOICES = re.compile(r"(--[a-z][\w-]* )?\{([\w,-]+)\}")
ONE_OF = re.compile(r"one of:? (.*?)(?:\n\n|\Z)", re.DOTALL)
COMPOSED = ("watch",)
"""Verbs whose words behind the first are those of a run."""


def offer_verbs(line: str) -> tuple[list[str], bool]:
    """Return what is offered at the end of a line, and whether Hydra has something to offer beside it."""
    words = line.split()[1:]
    last = "" if line[-1:].isspace() or not words else words.pop()
    if not words:
        return [verb for verb in VERBS if verb.startswith(last)], True
    verb = words[0]
    if verb not in VERBS:
        return [], True
    if verb in COMPOSED and not last.startswith("-"):
        os.environ[LINE] = " ".join(["emocam", *words[2:], last])
        return [], len(words) > 1
    told = _help_of(verb)
    offered = OPTION.findall(told) if last.startswith("-") else _choices(told, words[-1])
    return sorted({word for word in offered if word.startswith(last)}), False


def _help_of(verb: str) -> str:
    """Return what a verb says of itself, so that its options stand in one place."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        importlib.import_module(f"emocam.cli.verb.{verb}").main(["--help"])
    return told.getvalue()


def _choices(told: str, before: str) -> list[str]:
    """Return the words of which one goes behind `before`, an option or not; none where any word may stand."""
    for option, choices in CHOICES.findall(told):
        if option.strip() == before or (not option and before in VERBS):
            return choices.split(",")
    named = ONE_OF.search(told) if before in VERBS else None
    return re.findall(r"[\w-]+", named[1]) if named else []
