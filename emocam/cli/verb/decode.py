"""The command `emocam decode TABLES --timeline FILE`: a film's emotions from series of brain regions."""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from emocam.errors import SettingError

if TYPE_CHECKING:
    from emocam.runner.command import Command

HELP = """\
usage: emocam decode [TABLES] [--timeline FILE] [--lag 5] [--tr 2] [--frames FOLDER] [SETTING=VALUE]

Decodes what observers say of a film from series of brain regions of a person who saw it, region by region.

TABLES are a table a run of the scanner, in the film's order: a row a volume, a column a region, made by any tool
(CSV, TSV or Parquet); or one table with a column run. Without any, a brain is planted whose answer is known.

  emocam decode                                               a planted brain
  emocam decode run-*.csv --timeline observers.csv            a person's runs, and what observers say
  emocam decode run-*.csv --timeline OBSERVERS --frames film.mp4      with what was seen, on the page

  --timeline FILE    what observers say and when: a file, or a folder with a file an observer
  --lag SECONDS      by which the blood is behind the film (5)
  --tr SECONDS       from one volume to the next (2); a column time in the tables says it better
  --frames FOLDER    the film, or a folder of its frames, whose names end in the second that they show

  timeline.agreement=0.5    the share of observers above which a word is said
  threshold.chance=0.1      a region counts where it is among a tenth of all
  verdict.effect=0.1        log-odds that a region must add to tell a label
  task.draws=999            moves of the labels along time, of which p is made
"""
USUAL = (
    *("task=decode", "data=regions", "classifier=null", "detector=null"),
    *("threshold.chance=0.1", "verdict.effect=0.1"),
)
NAMED = {"timeline": "data.timeline", "lag": "data.lag", "tr": "data.tr", "frames": "data.frames"}
SETTING = re.compile(r"[+~]*[\w@]+(?:[./][\w@]+)*=|~\w+$")


def main(words: list[str]) -> int:
    """Decode, leave a run's folder, and return the exit status."""
    if {"--help", "-h"} & set(words):
        sys.stdout.write(HELP)
        return 0
    if swept := {"-m", "--multirun"} & set(words):
        raise SettingError(f"emocam decode is one run, and {swept.pop()} would be a sweep; leave it out")
    from emocam.cli.job import Verb
    from emocam.cli.main import run_words

    return run_words(composed_words(words), time.perf_counter(), Verb(_run, ["decode", *words]))


def _run(command: "Command") -> int:
    from emocam.runner.single import run_command  # torch comes with it

    return run_command(command)


def composed_words(words: list[str]) -> list[str]:
    """Return the words of a run that decode these tables."""
    parser = argparse.ArgumentParser(
        prog="emocam decode", allow_abbrev=False, exit_on_error=False, add_help=False
    )
    parser.add_argument("words", nargs="*")
    for name in NAMED:
        parser.add_argument(f"--{name}")
    try:
        given, strange = parser.parse_known_intermixed_args(words)
    except argparse.ArgumentError as error:
        raise SettingError(f"{error}; emocam decode --help lists the options") from None
    if strange:
        raise SettingError(f"{strange[0]} is no option; emocam decode --help lists them")
    settings = [word for word in given.words if SETTING.match(word) and not Path(word).exists()]
    tables = [word for word in given.words if word not in settings]
    composed = list(USUAL)
    if tables:
        composed.append(f"data.tables=[{','.join(map(hydra_text, tables))}]")
    for name, setting in NAMED.items():
        if (value := getattr(given, name)) is not None:
            composed.append(f"{setting}={value if name in ('lag', 'tr') else hydra_text(value)}")
    return [*composed, *settings]


def hydra_text(text: str) -> str:
    """Return a text as Hydra reads it, whatever stands in it."""
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)
    whole = re.sub(r"(\\+)$", r"\1\1", escaped)
    return f"'{whole}'"
