"""Which picture an annotation means."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from emocam.data.annotations import matching as joining
from emocam.errors import SettingError


def join(names: Sequence[str], paths: Sequence[str], told_by: str, **given: int) -> dict[str, str]:
    return joining.match_images(names, Path("/data/Run_2"), paths, told_by, **given)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.jpg", "deep/a.jpg"),
        ("/home/someone/deep/a.jpg", "deep/a.jpg"),
        ("C:\\pictures\\deep\\a.jpg", "deep/a.jpg"),
        ("labels/train/a", "images/train/a.jpg"),
        ("train/labels/a", "train/images/a.png"),
        ("x.y", "x.y.jpg"),
        ("caf\u00e9.jpg", "cafe\u0301.jpg"),
    ],
)
def test_the_same_file_name_is_enough_where_one_picture_has_it(name: str, path: str) -> None:
    assert join([name], [path, "other.jpg"], "x") == {name: path}


def test_folders_above_tell_pictures_of_one_name_apart() -> None:
    paths = ["Run_1/Happy/a.jpg", "Run_2/Happy/a.jpg"]
    names = ["/Run_2/Happy/a.jpg", "/Run_1/Happy/a.jpg"]
    assert join(names, paths, "x") == {names[0]: paths[1], names[1]: paths[0]}


def test_a_suffix_that_is_told_counts() -> None:
    assert join(["a.png"], ["a.jpg", "a.png"], "x") == {"a.png": "a.png"}
    assert join(["a.gif"], ["a.jpg"], "x") == {}


def test_two_pictures_that_fit_alike_are_a_fault() -> None:
    with pytest.raises(SettingError, match=r"data.annotations f: 'a' may be 'a\.jpg' or 'a\.png'"):
        join(["a"], ["a.jpg", "a.png"], "data.annotations f")


def test_two_names_for_one_picture_are_a_fault() -> None:
    with pytest.raises(SettingError, match=r"'a' and 'a\.jpg' both speak of 'a\.jpg'"):
        join(["a", "a.jpg"], ["a.jpg"], "x")


def test_of_two_names_for_one_picture_the_closer_one_has_it() -> None:
    names = ["one/a.jpg", "two/a.jpg"]
    assert join(names, ["two/a.jpg"], "x") == {"two/a.jpg": "two/a.jpg"}
    assert join(names[::-1], ["two/a.jpg"], "x") == {"two/a.jpg": "two/a.jpg"}


def test_the_root_s_own_name_counts_as_a_folder_above() -> None:
    names = ["Run_1/Happy/a.jpg", "Run_2/Happy/a.jpg"]
    assert join(names, ["Happy/a.jpg"], "x") == {"Run_2/Happy/a.jpg": "Happy/a.jpg"}


def test_folders_that_must_be_shared_are_asked_for() -> None:
    assert join(["one/a.jpg"], ["two/a.jpg"], "x") == {"one/a.jpg": "two/a.jpg"}
    assert join(["one/a.jpg"], ["two/a.jpg"], "x", least=1) == {}
