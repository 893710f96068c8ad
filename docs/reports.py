"""Finished reports for the documents' gallery: `python docs/reports.py` writes them where the site takes them from."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PLACE = Path(__file__).parent / "finished" / "reports"
REPORTS = {
    "world": ["+cam=gradcam", "+effect=erase"],
    "faces": ["+cam=regions", "+effect=erase", "data.world=faces", "data.images=150"],
    "values": ["+cam=hirescam", "+effect=erase", "data.world=values", "data.images=300"],
}
"""The words of each report's run; docs/gallery.md shows them."""


def write_report(name: str, words: list[str], place: Path = PLACE) -> None:
    """Run, pack the page as for mail, and unpack it as NAME."""
    with tempfile.TemporaryDirectory() as scratch:
        run, packed = Path(scratch) / "run", Path(scratch) / f"{name}.zip"
        emocam = [sys.executable, "-m", "emocam"]
        subprocess.run([*emocam, *words, "logger=null", "quiet=true", f"hydra.run.dir={run}"], check=True)
        subprocess.run([*emocam, "export", run, "--to", "html", "--out", packed], check=True)
        zipfile.ZipFile(packed).extractall(place)


if __name__ == "__main__":
    for name, words in REPORTS.items():
        if not (PLACE / name).is_dir():
            write_report(name, words)
