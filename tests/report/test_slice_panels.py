"""The page's panels of slices: one open at a time, each cell beside the same cell elsewhere."""

from pathlib import Path

import pandas as pd

from emocam.report.slices import slice_panels
from emocam.results.parquet_file import write_frame


def test_a_panel_has_its_own_cells_beside_the_others(tmp_path: Path) -> None:
    rows = [
        *(("Canon", "hat", "joy", 10, 8, 80.0, "used"), ("Canon", "boat", "joy", 10, 2, 20.0, "chance")),
        *(("Nikon", "hat", "joy", 4, 1, 25.0, "chance"), ("Nikon", "boat", "joy", 4, 0, 0.0, "")),
    ]
    columns = ["slice", "object", "label", "images", "kept", "percent", "verdict"]
    write_frame(pd.DataFrame(rows, columns=columns), tmp_path / "slices.parquet")
    counts = {"Canon": {"pictures": 10, "people": None}, "Nikon": {"pictures": 4, "people": None}}
    canon, nikon = slice_panels(tmp_path / "slices.parquet", counts)
    assert [(cell.cell, cell.percent, cell.others, cell.verdict) for cell in canon.cells] == [
        ("hat under joy", "80 % (8 of 10)", "Nikon 25 %", "used"),
        ("boat under joy", "20 % (2 of 10)", "Nikon 0 %", "chance"),
    ]
    # what counts in none of its pictures is no cell of a slice
    assert [cell.cell for cell in nikon.cells] == ["hat under joy"] and nikon.pictures == 4
    assert slice_panels(tmp_path / "nowhere.parquet", counts) == []
