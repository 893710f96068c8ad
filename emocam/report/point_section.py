"""What the page of a run says of the points that an attribution weighed."""

import json
from pathlib import Path
from typing import TypedDict

from emocam.results.files import METADATA, POINTS, parquet
from emocam.results.parquet_file import read_frame, read_schema

NAMED = 3


class PointsSection(TypedDict):
    """A sentence over the picture of the points."""

    sentence: str


def points_section(folder: Path) -> PointsSection | None:
    """Return what is said of a run's points; None where none were weighed or drawn."""
    file = folder / parquet(POINTS)
    if not file.is_file() or not (folder / f"{POINTS}.png").is_file():
        return None
    rows = read_frame(file)
    known = json.loads(read_schema(file).metadata[METADATA])
    parts = []
    for label, own in rows.groupby("label", sort=False):
        regions = own.groupby("region")["weight"].sum().sort_values(ascending=False)
        parts.append(f"{label}: {', '.join(regions.index[:NAMED])}")
    return {
        "sentence": (
            f"By {known['method']} over {known['people']} people ({known['labels']}), the regions whose points weigh "
            f"most together are, of {'; of '.join(parts)}."
        )
    }
