"""The names of runs on the command line: a run's or a sweep's folder, or an id of the tracking store."""

import re
import shutil
from pathlib import Path

from emocam.errors import SettingError

RUN_ID = re.compile(r"[0-9a-f]{32}")


def named(word: str, downloads: Path) -> Path:
    """Return the folder of a run; one that only the tracking store has is downloaded to `downloads`/ID, once."""
    folder = Path(word).expanduser()
    if RUN_ID.fullmatch(word) and not folder.exists():
        return brought(word, downloads)
    if not folder.is_dir():
        raise SettingError(
            f"RUN must be a run's folder or the id of a run in MLflow, and there is none at {word}"
        )
    return folder


def members(word: str) -> list[str]:
    """Return the ids of a sweep's runs for its id; any other word by itself."""
    if not RUN_ID.fullmatch(word) or Path(word).exists():
        return [word]
    from emocam.logger.lookup import children

    return children(word) or [word]


def brought(id: str, downloads: Path) -> Path:
    """Download a run, completely or not at all: an interrupted download starts again."""
    if (downloads / id).is_dir():
        return downloads / id
    from emocam.logger.lookup import download

    half = downloads / "half"
    shutil.rmtree(half / id, ignore_errors=True)
    return download(id, half).rename(downloads / id)


def runs_within(folder: Path) -> list[Path]:
    """Return the folder itself if it is a run's, or the runs of a sweep in their order."""
    if (folder / "predictions.parquet").exists():
        return [folder]
    inside = {file.parent for file in folder.rglob("predictions.parquet")}
    if not inside:
        raise SettingError(f"{folder} is no run's folder: it has no predictions.parquet")
    return sorted(inside, key=lambda run: (len(run.name), run.name))  # 2 before 10
