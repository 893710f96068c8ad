"""FindingEmo's annotations, in the public file's columns and in those of the paper's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emocam.data.findingemo import EMOTIONS, FindingEmo
from emocam.errors import SettingError

PUBLIC = "index,user,image_path,tags,age,valence,arousal,emotion,dec_factors,ambiguity,datetime\n"
PUBLIC_ROWS = [
    '0,u1,/Run_2/Loving toddlers sports/a.jpg,Undefined,Children,0,2,Trust,"BodyLanguage,FacialExpression",0,2023',
    '5,u1,/Run_1/Violent youth festival/b.jpg,"Copyright,Text","Youth,Adults",-3,6,Rage,BodyLanguage,3,2023',
    "6,u2,/Run_1/Loving toddlers sports/a.jpg,Undefined,Adults,2,1,Joy,BodyLanguage,2,2023",
]
PAPER = (
    ",user,image_path,reject,tag,age,valence,arousal,emotion,dec_factors,ambiguity,fmri_candidate,datetime\n"
)
PAPER_ROWS = [
    "0,u,/Run_1/x/a.jpg,Keep,Text,Adults,1,2,Joy,BodyLanguage,1,False,2023",
    "1,u,/Run_1/x/b.jpg,Reject,Text,Adults,1,2,Joy,BodyLanguage,1,False,2023",
]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(rows: list[str], header: str = PUBLIC) -> Path:
        (tmp_path / "annotations_single.ann").write_text(header + "".join(f"{row}\n" for row in rows))
        return tmp_path / "annotations_single.ann"

    return write


@pytest.fixture
def root(corpus) -> Path:
    return corpus(
        "Run_2/Loving toddlers sports/a.jpg", "Run_1/Violent youth festival/b.jpg", "Run_1/other/c.jpg"
    )


def test_there_are_24_emotions() -> None:
    assert len(EMOTIONS) == len(set(EMOTIONS)) == 24


def test_pictures_come_in_the_file_s_order_with_what_people_said(root: Path, write: Write) -> None:
    data = FindingEmo(root=root, annotations=write(PUBLIC_ROWS))
    assert data.paths() == [
        "Run_2/Loving toddlers sports/a.jpg",
        "Run_1/Violent youth festival/b.jpg",
        "Run_1/Loving toddlers sports/a.jpg",
    ]
    assert data.labels == list(EMOTIONS) and data.objects == []
    assert data.open(data.paths()[1]).known == {
        "truth": "Rage",
        "truth_valence": -3.0,
        "truth_arousal": 6.0,
        "ambiguity": 3.0,
        "tag": "Copyright,Text",
    }


def test_a_picture_of_one_run_is_never_taken_for_that_of_the_other(root: Path, write: Write) -> None:
    data = FindingEmo(root=root, annotations=write(PUBLIC_ROWS))
    with pytest.raises(FileNotFoundError):
        data.open("Run_1/Loving toddlers sports/a.jpg")
    assert data.open("Run_2/Loving toddlers sports/a.jpg").known["truth"] == "Trust"


@pytest.mark.parametrize("below", ["", "Run_1"])
def test_the_parent_folder_and_the_name_are_the_key(corpus, write: Write, below: str) -> None:
    root = corpus("Run_1/Violent youth festival/b.jpg") / below
    path = "Violent youth festival/b.jpg" if below else "Run_1/Violent youth festival/b.jpg"
    assert path in FindingEmo(root=root, annotations=write(PUBLIC_ROWS)).paths()


def test_a_file_name_in_another_folder_is_another_picture(corpus, write: Write) -> None:
    root = corpus("Run_1/elsewhere/b.jpg", "Run_2/Loving toddlers sports/a.jpg")
    data = FindingEmo(root=root, annotations=write(PUBLIC_ROWS))
    assert "Run_1/elsewhere/b.jpg" not in data.paths()
    assert "Run_1/Violent youth festival/b.jpg" in data.paths()


def test_ambiguity_keeps_what_is_below_it(root: Path, write: Write) -> None:
    file = write(PUBLIC_ROWS)
    data = FindingEmo(root=root, annotations=file, ambiguity=3)
    assert [data.known(path)["ambiguity"] for path in data.paths()] == [0, 2]
    assert data.notes == [f"{file}: 3 annotations, 0 rejected, 1 too ambiguous"]


def test_what_was_rejected_is_left_out_where_the_file_says_so(corpus, write: Write) -> None:
    file = write(PAPER_ROWS, PAPER)
    root = corpus("Run_1/x/a.jpg", "Run_1/x/b.jpg")
    assert FindingEmo(root=root, annotations=file).paths() == ["Run_1/x/a.jpg"]
    both = FindingEmo(root=root, annotations=file, reject=False)
    assert both.paths() == ["Run_1/x/a.jpg", "Run_1/x/b.jpg"]
    assert both.known("Run_1/x/a.jpg")["tag"] == "Text"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "Trust",
            "Digust",
            r"line 2, emotion must be one of FindingEmo's 24, got 'Digust'; did you mean Disgust",
        ),
        ("Trust", "trust", "line 2, emotion must be .* did you mean Trust"),
        ("Trust", "", "line 2, emotion must be not empty"),
        ("Children,0,2", "Children,nan,2", "line 2, valence must be a number, got 'nan'"),
        ("Children,0,2", "Children,0,high", "line 2, arousal must be a number, got 'high'"),
        ("/Run_2/Loving toddlers sports/a.jpg", "", "line 2, image_path must be not empty"),
        ("/Run_2/Loving", "/Run_1/Loving", "line 4, image_path must be another than on line 2"),
        ("/Run_2/Loving toddlers sports/a.jpg", "../../etc/passwd", None),
    ],
)
def test_a_fault_names_the_file_and_the_line(root, write, old: str, new: str, sentence: str | None) -> None:
    file = write([row.replace(old, new) for row in PUBLIC_ROWS])
    if sentence is None:  # it is no fault of the file's form, but of one picture
        assert "../../etc/passwd" in FindingEmo(root=root, annotations=file).paths()
        return
    with pytest.raises(SettingError, match=sentence):
        FindingEmo(root=root, annotations=file)


def test_a_word_that_is_neither_kept_nor_rejected_is_a_fault(corpus, write: Write) -> None:
    file = write([row.replace("Reject", "Perhaps") for row in PAPER_ROWS], PAPER)
    with pytest.raises(SettingError, match="line 3, reject must be Keep or Reject, got 'Perhaps'"):
        FindingEmo(root=corpus("Run_1/x/a.jpg"), annotations=file)


def test_a_missing_column_is_named(root: Path, write: Write) -> None:
    with pytest.raises(SettingError, match="the header must be one with a column emotion"):
        FindingEmo(root=root, annotations=write(PUBLIC_ROWS, PUBLIC.replace("emotion", "feeling")))


def test_a_folder_with_none_of_the_pictures_says_what_was_expected(corpus, write: Write) -> None:
    with pytest.raises(SettingError, match=r"holds none of the 3 pictures .* such as Run_2/Loving toddlers"):
        FindingEmo(root=corpus("x.jpg"), annotations=write(PUBLIC_ROWS))


def test_without_a_file_it_says_which(root: Path) -> None:
    with pytest.raises(SettingError, match=r"there is no file .*annotations_single\.ann; give FindingEmo's"):
        FindingEmo(root=root)
