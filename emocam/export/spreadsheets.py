"""Two tables for a spreadsheet: a row a picture, and a row a region."""

from pathlib import Path

import numpy as np

from emocam.export.pictures import FACTS, counting
from emocam.results.files import BOX
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv

REGION = ("image", "label", "object", "score", "importance", "chance", *BOX)


def write_spreadsheets(run: Run, out: Path) -> list[str]:
    """Write pictures.csv and regions.csv, and return how long they are."""
    pictures = run.predictions[[name for name in ("image", *FACTS) if name in run.predictions]]
    write_csv(pictures, out / "pictures.csv", index=False)
    regions = run.evidence[[name for name in REGION if name in run.evidence]]
    kept = [counting(run, images, rows) for images, rows in run.blocks()]
    regions = regions.assign(kept=np.concatenate([np.zeros(0, bool), *kept]))
    write_csv(regions, out / "regions.csv", index=False)
    return [f"{len(pictures):,} pictures and {len(regions):,} regions", str(out / "regions.csv")]
