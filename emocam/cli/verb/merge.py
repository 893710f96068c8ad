"""The command `emocam merge RUN RUN ...`: one run from the shards of a corpus, as if it were undivided."""

import argparse
import time
from pathlib import Path

from emocam.cli.verb.run_names import named, runs_within
from emocam.errors import SettingError


def main(words: list[str]) -> int:
    """Merge runs and return the exit status of the whole."""
    parser = argparse.ArgumentParser(
        prog="emocam merge",
        description="The runs of data.shard=1/N to N/N become the run of the whole corpus.",
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="the folder of a shard's run, or of a sweep over the shards"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: outputs/merge_TIME)")
    parser.add_argument(
        "--allow", action="append", default=[], metavar="MODULE", help="as allow=[MODULE] of the runs"
    )
    parser.add_argument(
        "--parts",
        action=argparse.BooleanOptionalAction,
        help="leave the tables as folders of the shards' own, with a manifest (so by itself above a million pictures)",
    )
    parser.add_argument(
        "--root",
        metavar="ADDRESS",
        help="as data.root of the runs, where it is an address: s3://BUCKET/PHOTOS",
    )
    arguments = parser.parse_args(words)
    out: Path = arguments.out or Path("outputs") / time.strftime("merge_%Y-%m-%d_%H-%M-%S")
    out = out.expanduser().absolute()
    folders = [folder for word in arguments.runs for folder in runs_within(named(word, out / "runs"))]
    if out.resolve() in [folder.resolve() for folder in folders]:
        raise SettingError(f"--out {out} is the folder of a shard; name another")

    from emocam.runner.merge import Merge

    return Merge(folders, out, arguments.allow, arguments.parts, arguments.root).run()
