"""What no box covers, on the page."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emocam.callback.base import Finished
from emocam.callback.unexplained import Unexplained
from emocam.records.thresholds import Thresholds
from emocam.report.page import write_report
from emocam.report.unexplained import find_outside
from emocam.results.run import Run


def explain(folder: Path) -> None:
    run = Run(folder)
    entries = Unexplained().on_run_end(Finished(run, None, Thresholds()))
    (folder / "summary.json").write_text(json.dumps({**run.summary, **entries}))


def test_a_line_under_the_matrix_tells_each_label_s_share(run_folder) -> None:
    folder, open_picture = run_folder
    explain(folder)
    text = write_report(Run(folder), open_picture).read_text()
    foot = re.search(r"<tfoot>.*?</tfoot>", text, re.S).group()
    told = [float(value) for value in re.findall(r"<td>([\d.]+)</td>", foot)]
    shares = pd.read_parquet(folder / "unexplained.parquet")["unexplained"][:-1]
    assert told == pytest.approx((100 * shares).tolist(), abs=0.051)
    assert foot in (folder / "summary.html").read_text()
    assert "outside all boxes" not in re.search(r"<tbody>.*?</tbody>", text, re.S).group()


def test_the_crops_are_cut_around_the_place_that_they_frame(run_folder, tmp_path: Path) -> None:
    folder, _ = run_folder
    explain(folder)
    ramp = np.add.outer(np.arange(120), np.zeros(160)).astype(np.uint8)  # a row's brightness is its number
    found = find_outside(Run(folder), tmp_path, lambda path: Image.fromarray(ramp))
    assert [o.percent for o in found] == sorted((o.percent for o in found), reverse=True)
    table = pd.read_parquet(folder / "unexplained_crops.parquet")
    for crop in (crop for outside in found for crop in outside.crops[:3]):
        row = table[table["image"] == crop.path].iloc[0]
        with Image.open(tmp_path / crop.file) as picture:
            rows = np.asarray(picture.convert("L"), float).mean(1)
        span = np.interp(
            [crop.box[1] * len(rows) - 0.5, crop.box[3] * len(rows) - 0.5], np.arange(len(rows)), rows
        )
        assert span == pytest.approx([120 * row.y0, 120 * row.y1], abs=4)
        assert crop.held == pytest.approx(100 * row.held)


def test_pictures_that_are_gone_leave_no_section(run_folder) -> None:
    folder, _ = run_folder
    explain(folder)

    def gone(path: str) -> Image.Image:
        raise FileNotFoundError(path)

    assert "What no box covers" not in write_report(Run(folder), gone).read_text()


def test_names_that_would_be_code_stay_text(hostile_folder) -> None:
    folder, open_picture = hostile_folder
    explain(folder)
    text = write_report(Run(folder), open_picture).read_text()
    assert "What no box covers" in text
    assert "<script>alert" not in text and "<img src=x" not in text
