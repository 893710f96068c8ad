"""`emocam upload RUN`: what the tracking store did not take when the run ended."""

import argparse
import sys
from pathlib import Path

from emocam.errors import SettingError


def main(words: list[str]) -> int:
    """Return 0 when the store has all of the run."""
    parser = argparse.ArgumentParser(
        prog="emocam upload", description="Completes tracking that failed, from the run's folder."
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run or a sweep")
    parser.add_argument(
        "--store",
        metavar="URI",
        help="another store than the run was begun in (default: MLFLOW_TRACKING_URI)",
    )
    given = parser.parse_args(words)
    if not given.run.is_dir():
        raise SettingError(f"RUN must be a run's folder, and there is none at {given.run}")

    from emocam.runner.upload import upload
    from emocam.system.terminal import shown

    lines = upload(given.run, given.store)
    sys.stdout.write(shown(lines or [f"{given.run}: nothing is missing in the tracking store"]))
    return 0
