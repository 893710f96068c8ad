"""The command `emocam compare RUN RUN ...`: a comparison of finished runs."""

import argparse
import sys
import time
from pathlib import Path

from emocam.cli.verb.run_names import members, named, runs_within
from emocam.errors import SettingError


def main(words: list[str]) -> int:
    """Compare runs and return 0, or raise the reason why they cannot be compared."""
    parser = argparse.ArgumentParser(
        prog="emocam compare",
        description="Similarity and differences of finished runs. A sweep stands for its runs.",
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="the folder of a run or a sweep, or its id in MLflow"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: outputs/compare_TIME)")
    parser.add_argument(
        "--other-people",
        action="store_true",
        help="people of the same name in two runs are other people, as where each hospital counts its own from 1",
    )
    parser.add_argument(
        "--paired",
        action="store_true",
        help="of two runs, before and after a cure: the same cells in the same pictures, trial by trial",
    )
    arguments = parser.parse_args(words)
    out: Path = arguments.out or Path("outputs") / time.strftime("compare_%Y-%m-%d_%H-%M-%S")
    words = [member for word in arguments.runs for member in members(word)]
    folders = [folder for word in words for folder in runs_within(named(word, out / "runs"))]
    if len(folders) < 2:
        raise SettingError(f"compare needs at least two runs, got {len(folders)}")

    from emocam.compare.compare import compare
    from emocam.compare.effects import write_paired_effects
    from emocam.compare.recovery import recovered
    from emocam.results.run import Run
    from emocam.system.run_lock import locked
    from emocam.system.terminal import shown

    with locked(out, "--out"):
        effects = write_paired_effects([Run(folder) for folder in folders], out) if arguments.paired else []
        comparison = compare([Run(folder) for folder in folders], out, arguments.other_people)
    unequal = comparison.refusal and comparison.groups is None
    if unequal and not (out / "recovery.csv").is_file():  # worlds differ, and each has its truth
        raise SettingError(str(comparison.refusal))
    lines = comparison.lines + recovered(out) + effects
    page = out / "report" / "index.html"
    lines += [f"table    {out / 'comparison.csv'}", f"report   {page if page.is_file() else out}"]
    sys.stdout.write(shown(lines))
    return 0
