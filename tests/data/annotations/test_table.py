"""Tables of boxes: Open Images' CSV and plain ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emocam.data.annotations.formats import read_annotations
from emocam.errors import SettingError

PLAIN = (
    "path,x0,y0,x1,y1,label\na.jpg,10,5,60,30,dog\nsub/b.jpg,0,0,9,9,cat\na.jpg,0,0,8.5,9,cat\nc.jpg,,,,,\n"
)
OPEN = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded\n"
    "0001,xclick,/m/02,1,0.1,0.6,0.2,0.8,0\n0001,xclick,/m/01,1,0,1,0,1,1\n"
)


def write(folder: Path, content: str, name: str = "boxes.csv") -> Path:
    (folder / name).write_text(content)
    return folder / name


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_pixels_are_known_by_their_values_and_said_aloud(tmp_path: Path, separator: str) -> None:
    file = write(tmp_path, "\ufeff" + PLAIN.replace(",", separator))
    table = read_annotations(file)
    assert table.objects == ["cat", "dog"]
    assert table.regions["a.jpg"].pixels
    assert table.regions["a.jpg"].boxes.tolist() == [[10, 5, 60, 30], [0, 0, 8.5, 9]]
    assert table.regions["a.jpg"].object.tolist() == [1, 0]
    assert len(table.regions["c.jpg"].boxes) == 0
    assert table.notes == [f"{file}: boxes are read as pixels, because their largest corner is 60"]


def test_fractions_are_known_by_their_values_and_said_aloud(tmp_path: Path) -> None:
    file = write(tmp_path, "image,xmin,ymin,xmax,ymax,class\na.jpg,-.01,0,1.01,.5,dog\n")
    table = read_annotations(file)
    assert not table.regions["a.jpg"].pixels
    assert table.notes == [
        f"{file}: boxes are read as fractions of the image, because their largest corner is 1.01"
    ]


def test_parquet_is_the_same_as_csv(tmp_path: Path) -> None:
    rows = {"path": ["a.jpg", "b.jpg"], "x0": [1, 2], "y0": [3.5, 4], "x1": [50, 60], "y1": [7, 8]}
    pd.DataFrame(rows | {"label": ["dog", "cat"]}).to_parquet(tmp_path / "boxes.bin")
    regions = read_annotations(tmp_path / "boxes.bin").regions
    assert regions["a.jpg"].boxes.tolist() == [[1, 3.5, 50, 7]] and regions["a.jpg"].pixels


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("10,5", "ten,5", "line 2, x0 must be a number, got 'ten'"),
        ("10,5", "nan,5", "line 2, x0 must be a number, got 'nan'"),
        ("10,5", "inf,5", "line 2, x0 must be a number, got 'inf'"),
        ("10,5", ",5", "line 2, x0/y0/x1/y1 must be all four of them, or none"),
        ("10,5,60", "70,5,60", r"line 2, x0/y0/x1/y1 must be x0 <= x1 and y0 <= y1, got \[70"),
        ("9,9,cat\na", "9,9,\na", "line 3, label must be a name, got ''"),
        ("sub/b.jpg", "", "line 3, path must be not empty"),
        (",label", ",colour", "the header must be one with a column label or object or class"),
        ("60,30,dog", "60,30,dog,7,8,9", r"line 2 must be of 6 cells as the header, got \["),
    ],
)
def test_a_fault_names_the_file_and_the_line(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    file = write(tmp_path, PLAIN.replace(old, new, 1))
    with pytest.raises(SettingError, match=sentence) as told:
        read_annotations(file)
    assert str(told.value).startswith(f"data.annotations {file}")


def test_open_images_without_descriptions_keeps_its_codes(tmp_path: Path) -> None:
    table = read_annotations(write(tmp_path, OPEN))
    assert table.objects == ["/m/01", "/m/02"]
    assert table.regions["0001"].boxes.tolist() == [[0.1, 0.2, 0.6, 0.8], [0, 0, 1, 1]]


def test_open_images_with_descriptions_has_names_in_their_order(tmp_path: Path) -> None:
    descriptions = 'LabelName,DisplayName\n/m/03,Ant\n/m/02,Zebra\n/m/01,"Dog, large"\n'
    write(tmp_path, descriptions, "oidv7-class-descriptions-boxable.csv")
    table = read_annotations(write(tmp_path, OPEN))
    assert table.objects == ["Zebra", "Dog, large"]
    assert table.regions["0001"].object.tolist() == [0, 1]
    with pytest.raises(
        SettingError, match=r"line 2, LabelName must be one of class-descriptions\.csv, got '/m/99'"
    ):
        read_annotations(write(tmp_path, OPEN.replace("/m/02", "/m/99")))


def test_a_box_in_pixels_is_no_open_images(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="corners of boxes must be fractions of the image, got 600"):
        read_annotations(write(tmp_path, OPEN.replace("0.6", "600")))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([PLAIN, OPEN]), st.integers(0, 200), st.integers(0, 20), st.binary(max_size=12))
def test_whatever_stands_in_the_file_is_read_or_told(tmp_path, right: str, start, length, put: bytes) -> None:
    file = tmp_path / "boxes.csv"
    file.write_bytes(right.encode()[:start] + put + right.encode()[start + length :])
    try:
        table = read_annotations(file)
    except SettingError as told:
        assert "data.annotations" in str(told) and "\n" not in str(told) and len(str(told)) < 700
    else:
        assert all(np.isfinite(regions.boxes).all() for regions in table.regions.values())


@pytest.mark.parametrize("twice", ["x0", "X0", " x0"])
def test_a_column_that_stands_twice_is_told_and_not_chosen_from(tmp_path: Path, twice: str) -> None:
    (tmp_path / "boxes.csv").write_text(f"path,x0,y0,x1,y1,label,{twice}\na.jpg,.1,.1,.5,.5,a,.3\n")
    with pytest.raises(
        SettingError, match=r"boxes\.csv: the header must be one with a single column x0, got"
    ):
        read_annotations(tmp_path / "boxes.csv")
    (tmp_path / "boxes.csv").write_text("path,x0,y0,x1,y1,label,note,note\na.jpg,.1,.1,.5,.5,a,.3,\n")
    assert len(read_annotations(tmp_path / "boxes.csv").regions) == 1
