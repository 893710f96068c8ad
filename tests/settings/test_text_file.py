"""Text that a setting names is UTF-8, whatever ends its lines; all else is one sentence."""

import os
from pathlib import Path

import pytest

from emocam.errors import SettingError
from emocam.settings.text_file import read_text_file

TEXT = "joy\nféar\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_mark_at_the_start_and_the_ends_of_lines_are_no_matter(
    tmp_path: Path, encoding: str, ending: str
) -> None:
    (tmp_path / "x.txt").write_bytes(TEXT.replace("\n", ending).encode(encoding))
    assert read_text_file(tmp_path / "x.txt", "names") == TEXT


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
@pytest.mark.parametrize("text", [TEXT, "joy\nfear\n"])
def test_text_in_another_encoding_is_told_and_never_read_as_other_names(
    tmp_path: Path, encoding: str, text: str
) -> None:
    (tmp_path / "x.txt").write_bytes(text.encode(encoding))
    if (encoding, text) == ("latin-1", "joy\nfear\n"):  # the same bytes
        assert read_text_file(tmp_path / "x.txt", "names") == text
        return
    with pytest.raises(
        SettingError, match=r"^names: \S+x\.txt (must be text in UTF-8|cannot be read as text)"
    ):
        read_text_file(tmp_path / "x.txt", "names")


def test_pipes_and_files_of_another_order_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingError, match="must be a regular file"):
        read_text_file(tmp_path / "pipe", "names")
    (tmp_path / "x.txt").write_bytes(b"a" * ((1 << 20) + 1))
    with pytest.raises(SettingError, match="at most 1 MB, got 1 MB"):
        read_text_file(tmp_path / "x.txt", "names", most_mb=1)
