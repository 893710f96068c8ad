"""Pictures that a table lists."""

import math
from pathlib import Path

import pandas as pd
import pytest

from emocam.data.table import Table
from emocam.errors import SettingError

CSV = "path,truth,truth_valence,other\nb.jpg,Joy,1.5,x\nsub/a.jpg,,,y\nmissing.jpg,Awe,-2,z\n"


def write(folder: Path, content: str = CSV) -> Path:
    (folder / "list.csv").write_text(content)
    return folder / "list.csv"


def test_pictures_come_in_the_table_s_order_with_what_it_knows(corpus) -> None:
    root = corpus("b.jpg", "sub/a.jpg", "unlisted.jpg")
    data = Table(file=write(root))
    assert data.paths() == ["b.jpg", "sub/a.jpg", "missing.jpg"]
    assert data.labels == ["Awe", "Joy"]
    assert data.open("b.jpg").known == {"truth": "Joy", "truth_valence": 1.5}
    unknown = data.known("sub/a.jpg")
    assert unknown["truth"] == "" and math.isnan(float(unknown["truth_valence"]))
    with pytest.raises(FileNotFoundError):
        data.open("missing.jpg")


def test_columns_may_be_named_and_paths_whole(corpus, tmp_path: Path) -> None:
    root = corpus("b.jpg")
    rows = pd.DataFrame({"where": [str(root / "b.jpg"), "/etc/passwd"], "said": ["x", "y"]})
    rows.to_parquet(tmp_path / "list.parquet")
    data = Table(file=tmp_path / "list.parquet", root=root, column="where", label="said")
    assert data.paths() == ["b.jpg", "/etc/passwd"]
    assert data.known("b.jpg") == {"truth": "x"}


def test_boxes_come_with_it(corpus) -> None:
    root = corpus("b.jpg", "sub/a.jpg")
    (root / "boxes.csv").write_text("path,x0,y0,x1,y1,label\na.jpg,0,0,1,1,tail\n")
    data = Table(file=write(root), annotations=root / "boxes.csv")
    assert len(data.open("sub/a.jpg").boxes) == 1 and len(data.open("b.jpg").boxes) == 0


@pytest.mark.parametrize(
    ("content", "settings", "sentence"),
    [
        (CSV, {"column": "where"}, r"the header must be one with a column where, got \['path'"),
        (CSV, {"label": "kind"}, "the header must be one with a column kind"),
        (
            CSV.replace("sub/a", "b"),
            {},
            "line 3 must be of a picture that no line before it names, got 'b.jpg'",
        ),
        (CSV.replace("1.5", "much"), {}, "line 2, truth_valence must be a number, got 'much'"),
        (CSV.replace("b.jpg", ""), {}, "line 2, path must be not empty"),
        ("path\n", {}, "lists no picture"),
        ("", {}, "cannot be read as a table"),
    ],
)
def test_a_fault_names_the_file_and_the_line(corpus, content: str, settings: dict, sentence: str) -> None:
    file = write(corpus("b.jpg"), content)
    with pytest.raises(SettingError, match=sentence) as told:
        Table(file=file, **settings)
    assert str(told.value).startswith(f"data.file {file}")


def test_without_a_file_it_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"data\.file is not set; give a table"):
        Table()
    with pytest.raises(SettingError, match=r"data\.file: there is no file /nowhere"):
        Table(file="/nowhere")
