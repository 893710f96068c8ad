"""`emocam export RUN --to FORMAT`: a run's pictures, regions and answers in the format of another tool."""

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from emocam.cli.verb.run_names import named
from emocam.errors import SettingError

if TYPE_CHECKING:
    from emocam.results.run import Run

FORMATS = {
    "coco": "COCO's instances.json",
    "fiftyone": "folders that FiftyOne opens",
    "labelstudio": "tasks with predictions for Label Studio",
    "csv": "two tables for a spreadsheet",
    "html": "the page as one zip file for mail",
    "zip": "the same",
}


def main(words: list[str]) -> int:
    """Write a run in another format, and print what was written and how it is opened."""
    parser = argparse.ArgumentParser(
        prog="emocam export", description="Writes a finished run in the format of another tool."
    )
    parser.add_argument("run", metavar="RUN", help="the run's folder, or its id in MLflow")
    parser.add_argument(
        "--to",
        required=True,
        choices=FORMATS,
        help="; ".join(f"{name}: {what}" for name, what in FORMATS.items()),
    )
    parser.add_argument("--out", type=Path, help="where it is written (RUN-FORMAT in this folder)")
    parser.add_argument(
        "--images", help="the folder or the address of the run's pictures, where the run lost it"
    )
    given = parser.parse_args(words)
    folder = named(given.run, Path("outputs") / "runs")
    if not (folder / "predictions.parquet").exists():
        raise SettingError(f"RUN {folder} is no run's folder: it has no predictions.parquet")
    packed = given.to in ("html", "zip")
    usual = f"{folder.resolve().name}{'.zip' if packed else f'-{given.to}'}"
    out: Path = (given.out or Path(usual)).expanduser()
    if out.exists():
        raise SettingError(f"--out {out} is there already; name another, or remove it")
    # light until here: a wrong word is told at once
    from emocam.results.run import Run
    from emocam.system.terminal import shown

    run = Run(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = _packed(run, out) if packed else _written(run, given.to, given.images, out)
    sys.stdout.write(shown(lines))
    return 0


def _packed(run: "Run", out: Path) -> list[str]:
    from emocam.export.mail import write_zip

    return write_zip(run, out)


def _written(run: "Run", format: str, images: str | None, out: Path) -> list[str]:
    """Write a folder, whole or not at all, and return what is said of it."""
    from emocam.export.coco import write_coco
    from emocam.export.fiftyone import write_fiftyone
    from emocam.export.labelstudio import write_labelstudio
    from emocam.export.pictures import open_pictures
    from emocam.export.spreadsheets import write_spreadsheets

    if format == "csv":
        out.mkdir()
        return write_spreadsheets(run, out)
    write = {"coco": write_coco, "fiftyone": write_fiftyone, "labelstudio": write_labelstudio}[format]
    pictures = open_pictures(run, images, out)
    out.mkdir()
    try:
        lines = write(pictures, out)
    except BaseException:
        shutil.rmtree(out)
        raise
    gone = f"{pictures.gone:,} pictures of the run are left out: their files are gone or cannot be read"
    if pictures.copies is not None:
        lines += [
            f"{pictures.copies.bytes / 1e6:,.1f} MB of pictures in {pictures.root}, which were no files"
        ]
    return [gone] * bool(pictures.gone) + lines
