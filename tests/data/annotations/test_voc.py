"""Pascal VOC's XML."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emocam.data.annotations.formats import read_annotations
from emocam.errors import SettingError

RIGHT = """<?xml version="1.0"?>
<annotation>
  <folder>VOC</folder><filename>a.jpg</filename>
  <size><width>100</width><height>50</height><depth>3</depth></size>
  <object><name>dog</name><difficult>1</difficult>
    <bndbox><xmin>11</xmin><ymin>6</ymin><xmax>60</xmax><ymax>30</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
  </object>
  <object><name> cat </name>
    <bndbox><ymax>50</ymax><xmax>100.5</xmax><ymin>1</ymin><xmin>1</xmin></bndbox></object>
</annotation>"""


def write(folder: Path, content: str | bytes, name: str = "a.xml") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_pixels_are_counted_from_one_and_whole(tmp_path: Path) -> None:
    table = read_annotations(write(tmp_path, RIGHT))
    regions = table.regions["a.jpg"]
    assert table.objects == ["cat", "dog"]
    assert regions.pixels and regions.size == (100, 50)
    assert regions.object.tolist() == [1, 0]
    assert regions.boxes.tolist() == [[10, 5, 60, 30], [0, 0, 100.5, 50]]
    assert "1 parts of objects (a head, a hand)" in table.notes[0]


def test_a_folder_of_files_keeps_its_subfolders(tmp_path: Path) -> None:
    write(tmp_path, RIGHT, "one/a.xml")
    write(tmp_path, RIGHT, "two/a.xml")
    write(tmp_path, RIGHT.replace("a.jpg", ""), "c.xml")
    assert list(read_annotations(tmp_path).regions) == ["c", "one/a.jpg", "two/a.jpg"]


def test_a_size_of_zero_is_no_size(tmp_path: Path) -> None:
    content = RIGHT.replace(">100<", ">0<").replace("<height>50", "<height>0")
    assert read_annotations(write(tmp_path, content)).regions["a.jpg"].size is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("<xmin>11<", "<xmin>nan<", r"line 6: bndbox must be xmin, ymin, xmax, ymax in pixels"),
        ("<xmin>11<", "<xmin>99<", r"line 6: bndbox .* got \['99', '6', '60', '30'\]"),
        ("<xmin>11</xmin>", "", r"line 6: bndbox .* got \['', '6', '60', '30'\]"),
        ("<name>dog</name>", "", "line 5: name must be a name, got ''"),
        ("<width>100<", "<width>wide<", r"line 4: size must be a width and a height in pixels"),
        ("<width>100<", "<width>-1<", "line 4: size"),
        ("annotation>", "html>", "line 2 must be VOC's <annotation>, got '<html>'"),
        ("</annotation>", "", r"cannot be read as XML \(no element found: line 11"),
        ("<object>", "<object>&bomb;", r"cannot be read as XML \(undefined entity"),
        ('"1.0"', '"1.0" encoding="nonsense"', "cannot be read as XML"),
    ],
)
def test_a_fault_names_the_file_and_the_line(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    file = write(tmp_path, RIGHT.replace(old, new))
    with pytest.raises(SettingError, match=sentence) as told:
        read_annotations(file)
    assert f"data.annotations {file}" in str(told.value)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "a.dtd">',
    ],
)
def test_a_doctype_is_refused(tmp_path: Path, doctype: str) -> None:
    file = write(tmp_path, RIGHT.replace("<annotation>", f"{doctype}\n<annotation>"))
    with pytest.raises(SettingError, match=r"a\.xml: line 2 must be XML without a DOCTYPE, got 'a'"):
        read_annotations(file)


def test_many_levels_are_read_or_told(tmp_path: Path) -> None:
    depth = 200_000
    file = write(tmp_path, "<annotation>" + "<a>" * depth + "</a>" * depth + "</annotation>")
    table = read_annotations(file)
    assert list(table.regions) == ["a"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(RIGHT)), st.integers(0, 30), st.binary(max_size=12))
def test_whatever_stands_in_the_file_is_read_or_told(tmp_path, start: int, length: int, put: bytes) -> None:
    right = RIGHT.encode()
    file = write(tmp_path, right[:start] + put + right[start + length :])
    try:
        table = read_annotations(file)
    except SettingError as told:
        assert "data.annotations" in str(told) and "\n" not in str(told) and len(str(told)) < 600
    else:
        assert all(np.isfinite(regions.boxes).all() for regions in table.regions.values())
