"""Weights and names from files."""

from pathlib import Path

import pytest

from emocam.errors import SettingError
from emocam.network.weights import read_labels


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("cat\ndog\n", ["cat", "dog"]),
        ("cat\r\ndog", ["cat", "dog"]),
        ("\ufeffcat\ndog\n\n  \n", ["cat", "dog"]),
        (" cat\nbig\tdog \n", [" cat", "big\tdog "]),
        ("a\u2028b\nc\x0cd\x85e\n", ["a\u2028b", "c\x0cd\x85e"]),
    ],
)
def test_names_are_as_they_stand_in_their_lines(tmp_path: Path, content: str, names: list[str]) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes(content.encode())
    assert read_labels(file) == names


@pytest.mark.parametrize(
    ("content", "fault"),
    [("", "it is empty"), ("a\n \nb", "a line is empty"), ("a\nb\na", "'a' stands twice")],
)
def test_names_that_are_not_one_a_line_are_told(tmp_path: Path, content: str, fault: str) -> None:
    file = tmp_path / "labels.txt"
    file.write_text(content)
    with pytest.raises(SettingError, match=fault):
        read_labels(file)
