"""The page, its pictures and the tables of the matrix as one file, to be sent to somebody who has no emocam."""

import zipfile
from pathlib import Path

from emocam.errors import SettingError
from emocam.results.run import Run

ALONG = ("*.html", "*.csv", "*.png", "summary.json")
TABLES = ("evidence.parquet", "predictions.parquet", "ledger.parquet")
"""What the page leads to beside them, as long as it is small enough for mail."""
LARGEST = 5 << 20
PACKED = {".webp", ".jpg", ".png"}
"""Endings of files that are compressed by themselves."""


def write_zip(run: Run, out: Path) -> list[str]:
    """Write the page into a zip file, and return what to do with it."""
    pages = run.path / "report"
    if not (pages / "index.html").is_file():
        raise SettingError(
            f"RUN {run.path} has no report/index.html to pack: it was made without callback.report; "
            f"task=replay evidence={run.path} makes a run that has it"
        )
    files = [file for file in pages.rglob("*") if file.is_file() and not file.is_symlink()]
    files += [file for name in ALONG for file in run.path.glob(name) if not file.is_symlink()]
    tables = [run.path / name for name in TABLES]
    large = [
        file.name for file in tables if file.is_dir() or (file.is_file() and file.stat().st_size > LARGEST)
    ]
    files += [file for file in tables if file.is_file() and not file.is_symlink() and file.name not in large]
    half = out.with_name(f"{out.name}.tmp")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(files):
            inner = Path(out.stem) / file.relative_to(run.path)
            way = zipfile.ZIP_STORED if file.suffix in PACKED else zipfile.ZIP_DEFLATED
            packed.write(file, inner.as_posix(), way)
    size = half.stat().st_size / 1e6
    half.replace(out)
    return [
        *[f"left out, since they are large or in parts: {', '.join(large)}"] * bool(large),
        f"{len(files):,} files, {size:.1f} MB; unpack it and open {out.stem}/report/index.html",
        str(out),
    ]
