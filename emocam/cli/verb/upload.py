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
    if not lines:
        _check_tracked(given.run, given.store)
    sys.stdout.write(shown(lines or [f"{given.run}: nothing is missing in the tracking store"]))
    return 0


def _check_tracked(folder: Path, store: str | None) -> None:
    """Refuse what nothing was begun of, and a second copy of what is whole, in place of saying that all is there."""
    from emocam.settings.recorded import kept_settings

    if (folder / "multirun.yaml").is_file():
        settings = {}
    elif not (settings := kept_settings(folder)):
        raise SettingError(f"RUN {folder} is no folder of a run or a sweep: it has no .hydra/config.yaml")
    if settings.get("logger", "") is None:
        raise SettingError(
            f"RUN {folder} was made with logger=null, and no store knows of it: `emocam upload` completes what was "
            "begun; the same command without logger=null, in another folder, tracks it"
        )
    if store is not None:
        raise SettingError(
            f"RUN {folder} is whole in the store that it was begun in, and --store {store} gets no copy of it: "
            "`emocam upload` sends what is missing"
        )
