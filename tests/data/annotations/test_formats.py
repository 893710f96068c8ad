"""A format is told by what a file holds."""

from pathlib import Path

import pytest

from emocam.data.annotations.formats import read_annotations
from emocam.errors import SettingError

VOC = "<annotation><filename>voc.jpg</filename></annotation>"
COCO = '{"images": [{"id": 1, "file_name": "coco.jpg", "width": 9, "height": 9}], "annotations": [], "categories": []}'
PLAIN = "path,x0,y0,x1,y1,label\nplain.jpg,0,0,1,1,a\n"
OPEN = "ImageID,LabelName,XMin,XMax,YMin,YMax\nopen,a,0,1,0,1\n"
STUDIO = '[{"data": {"image": "studio.jpg"}, "annotations": []}]'


@pytest.mark.parametrize("content", [VOC, COCO, PLAIN, OPEN, STUDIO])
@pytest.mark.parametrize("name", ["x.json", "x.csv", "no_suffix"])
def test_the_name_says_nothing(tmp_path: Path, content: str, name: str) -> None:
    (tmp_path / name).write_text(content)
    (image,) = read_annotations(tmp_path / name).regions
    assert image.split(".")[0] in ("voc", "coco", "plain", "open", "studio")


@pytest.mark.parametrize(("content", "name"), [(COCO, "a.json"), (PLAIN, "a.csv"), (VOC, "deep/a.xml")])
def test_a_folder_may_hold_the_one_file(tmp_path: Path, content: str, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    assert len(read_annotations(tmp_path).regions) == 1


@pytest.mark.parametrize("content", ["", "hello", "a,b,c\n1,2,3\n", "\x00\x01", "names: [a]"])
def test_what_is_in_no_format_says_which_are_known(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.txt").write_text(content)
    try:
        table = read_annotations(tmp_path / "x.txt")
    except SettingError as told:
        assert "expected COCO JSON, VOC XML, YOLO txt" in str(told)
    else:
        assert content == "names: [a]" and not table.regions


def test_json_of_another_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"shapes": []}')
    with pytest.raises(SettingError, match="is JSON, but neither COCO's"):
        read_annotations(tmp_path / "x.json")


def test_a_folder_with_two_formats_asks_which(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(VOC)
    (tmp_path / "b.csv").write_text(PLAIN)
    with pytest.raises(SettingError, match=r"holds .*b\.csv and 1 XML files; name one of them"):
        read_annotations(tmp_path)


def test_an_empty_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="holds no annotations; expected COCO JSON"):
        read_annotations(tmp_path)


@pytest.mark.parametrize(
    ("content", "name"),
    [(COCO, "A.JSON"), (PLAIN, "a.Csv"), (VOC, "deep/A.XML"), ("0 .5 .5 .4 .4\n", "labels/A.TXT")],
)
def test_an_ending_may_be_in_capitals(tmp_path: Path, content: str, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    (tmp_path / "DATA.YAML").write_text("names: [a]\n")
    assert len(read_annotations(tmp_path).regions) == 1


def test_label_files_of_both_spellings_are_all_read(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("ball\n")
    for name in ("a.txt", "b.TXT", "c.Txt"):
        (tmp_path / name).write_text("0 .5 .5 .4 .4\n")
    assert len(read_annotations(tmp_path).regions) == 3


def test_text_in_utf_16_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 .5 .5 .4 .4\n")
    (tmp_path / "data.yaml").write_text("names: [a]\n", encoding="utf-16")
    with pytest.raises(SettingError, match=r"^data\.annotations \S+/data\.yaml cannot be read as UTF-8 text"):
        read_annotations(tmp_path)


@pytest.mark.parametrize("key", ["annotations", "images"])
def test_a_list_that_stands_twice_is_no_list_that_is_lost(tmp_path: Path, key: str) -> None:
    (tmp_path / "a.json").write_text(f'{COCO[:-1]}, "{key}": []}}')
    with pytest.raises(
        SettingError, match=f"a.json cannot be read as JSON .'{key}' stands twice in one object"
    ):
        read_annotations(tmp_path / "a.json")
