"""The command `emocam cross MODEL GAZE BRAIN`: three runs side by side."""

import argparse
import sys
import time
from pathlib import Path

from emocam.cli.verb.run_names import named


def main(words: list[str]) -> int:
    """Lay three runs side by side, and return 0."""
    parser = argparse.ArgumentParser(
        prog="emocam cross",
        description="What a model uses, what people look at and which brain regions tell an emotion, side by side.",
    )
    for name, of in (
        ("model", "a run with a CAM"),
        ("gaze", "a run with cam=gaze"),
        ("brain", "of emocam decode"),
    ):
        parser.add_argument(name, metavar=name.upper(), help=f"the run's folder, or its id in MLflow: {of}")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: outputs/cross_TIME)")
    given = parser.parse_args(words)
    out: Path = given.out or Path("outputs") / time.strftime("cross_%Y-%m-%d_%H-%M-%S")
    folders = [named(word, out / "runs") for word in (given.model, given.gaze, given.brain)]

    from emocam.compare.cross import cross_lines, cross_table, read_sides
    from emocam.report.cross import write_cross
    from emocam.results.run import Run
    from emocam.system.run_lock import locked
    from emocam.system.terminal import shown

    sides = read_sides([Run(folder) for folder in folders])
    with locked(out, "--out"):
        table = cross_table(sides)
        page = write_cross(out, table, {side.name: side.run for side in sides})
    lines = [*cross_lines(table), f"table    {out / 'cross.csv'}", f"page     {page}"]
    sys.stdout.write(shown(lines))
    return 0
