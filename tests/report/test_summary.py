"""The one file: whole in itself, small, and safe where MLflow or a mail program shows it."""

import base64
import hashlib
import re

import numpy as np
import pandas as pd

from emocam.report.page import write_report
from emocam.results.run import Run


def test_it_shows_the_forty_strongest_objects_and_no_more_than_24_pictures(tmp_path, make_run):
    folder = tmp_path / "run"
    open_picture = make_run(
        folder, [f"thing {i}" for i in range(90)], [f"label {i}" for i in range(70)], 700, each=8
    )
    write_report(Run(folder), open_picture)
    text = (folder / "summary.html").read_text()
    assert len(text.encode()) < 3_000_000
    assert text.count("<tr data-object") == 40
    assert text.count('<th scope="col" data-images') == 60
    assert 0 < text.count("data:image/webp;base64,") <= 24
    percent = pd.read_csv(folder / "association_percent.csv", index_col=0)
    sizes = pd.read_csv(folder / "labels.csv")["images"].to_numpy()
    kept = percent.iloc[:, np.argsort(-sizes, kind="stable")[:60]]
    first = re.search(r'<tr data-object="(\d+)"', text).group(1)
    assert kept.fillna(0).mean(axis=1).max() == kept.fillna(0).mean(axis=1).iloc[int(first)]


def test_nothing_lies_beside_it_and_its_one_script_is_the_hashed_one(run_folder):
    folder, open_picture = run_folder
    write_report(Run(folder), open_picture)
    text = (folder / "summary.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', text)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text


def test_hostile_names_stay_text(hostile_folder):
    folder, open_picture = hostile_folder
    write_report(Run(folder), open_picture)
    text = (folder / "summary.html").read_text()
    assert text.count("<script") == 1 and "<img src=x" not in text
    assert "x" * 100 not in text
