"""`emocam compare RUN RUN ...`: finished runs held beside each other."""

import argparse
import re
import sys
import time
from pathlib import Path

from emocam.errors import SettingError

RUN_ID = re.compile(r"[0-9a-f]{32}")


def main(words: list[str]) -> int:
    """0 when they were compared, 1 with the reason when they cannot be."""
    parser = argparse.ArgumentParser(
        prog="emocam compare",
        description="Similarity and differences of finished runs. A sweep's folder stands for its runs.",
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a run's folder, a sweep's, or the id of a run in MLflow"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: outputs/compare_TIME)")
    given = parser.parse_args(words)
    out: Path = given.out or Path("outputs") / time.strftime("compare_%Y-%m-%d_%H-%M-%S")
    folders = [folder for word in given.runs for folder in find(word, out)]
    if len(folders) < 2:
        raise SettingError(f"compare needs at least two runs, got {len(folders)}")

    from emocam.comparing.words import comparison_lines
    from emocam.comparison import compare
    from emocam.runs import Run

    found = compare([Run(folder) for folder in folders], out)
    if found.refusal and not (out / "recovery.csv").is_file():  # worlds differ, and each has its truth
        raise SettingError(found.refusal)
    lines = comparison_lines(found.similarity, found.twins, found.refusal)
    page = out / "report" / "index.html"
    lines += [f"table    {out / 'comparison.csv'}", f"report   {page if page.is_file() else out}"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def find(word: str, out: Path) -> list[Path]:
    """A run's folder as it is, a sweep's as its runs; what MLflow knows is brought to `out`/runs."""
    folder = Path(word).expanduser()
    if RUN_ID.fullmatch(word) and not folder.exists():
        from emocam.tracking import download

        return [download(word, out / "runs")]
    if not folder.is_dir():
        raise SettingError(
            f"RUN must be a run's folder or the id of a run in MLflow, and there is none at {word}"
        )
    if (folder / "predictions.parquet").is_file():
        return [folder]
    inside = {file.parent for file in folder.rglob("predictions.parquet")}
    if not inside:
        raise SettingError(f"{folder} is no run's folder: it has no predictions.parquet")
    return sorted(inside, key=lambda run: (len(run.name), run.name))  # 2 before 10
