"""`emocam gaze RUN FIXATIONS`: how near the maps of a run come to where people look."""

import argparse
import sys
from pathlib import Path
from typing import Any

from emocam.cli.verb.run_names import named
from emocam.errors import SettingError, nearest

SETTINGS = ("gaze.degrees", "gaze.sigma", "gaze.frame", "gaze.seconds")


def main(words: list[str]) -> int:
    """Leave gaze.parquet and gaze.csv in the run's folder, and print what they say."""
    parser = argparse.ArgumentParser(
        prog="emocam gaze", description="Holds the maps of a run against where people look."
    )
    parser.add_argument("run", metavar="RUN", help="the run's folder, or its id in MLflow")
    parser.add_argument(
        "fixations", metavar="FIXATIONS", type=Path, help="a table of eye movements, or a folder of them"
    )
    parser.add_argument("settings", nargs="*", metavar="gaze.SETTING=VALUE", help=", ".join(SETTINGS))
    given = parser.parse_args(words)
    settings = {key.removeprefix("gaze."): value for key, value in map(read_word, given.settings)}
    folder = named(given.run, Path("outputs") / "runs")
    if not given.fixations.exists():
        raise SettingError(
            f"FIXATIONS must be a table or a folder of them, and there is none at {given.fixations}"
        )
    # light until here: a wrong word is told at once
    from emocam.compare.gaze import score_run
    from emocam.data.annotations.gaze.settings import GazeSettings
    from emocam.results.run import Run
    from emocam.system.run_lock import locked
    from emocam.system.terminal import shown

    with locked(folder, "RUN"):
        lines, _ = score_run(Run(folder), given.fixations, GazeSettings(**settings))
    sys.stdout.write(shown(lines))
    return 0


def read_word(word: str) -> tuple[str, Any]:
    """Return the key and value of a word like gaze.degrees=23.75."""
    import yaml

    key, is_setting, text = word.partition("=")
    if not is_setting or key not in SETTINGS:
        raise SettingError(f"{word} is no setting of gaze; {nearest(key, SETTINGS)}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    numbers = value if key == "gaze.frame" else [value]
    if not isinstance(numbers, list) or any(type(number) not in (int, float) for number in numbers):
        expected = "[x0, y0, x1, y1]" if key == "gaze.frame" else "a number"
        raise SettingError(f"{key} must be {expected}, got {text}")
    return key, value
