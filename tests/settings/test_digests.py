"""Digests of files are remembered on disk, and few of them beside it."""

from pathlib import Path

import pytest

from emocam.settings import digests
from emocam.settings.digests import Digests


def test_of_many_files_few_are_held_and_none_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("MOST_KNOWN", 3), ("MOST_UNWRITTEN", 2), ("SETTLED", -1)):
        monkeypatch.setattr(digests, name, value)
    files = [tmp_path / f"{number}.jpg" for number in range(20)]
    for file in files:
        file.write_text(file.name)
    known = Digests(tmp_path / "cache")
    found = known.of_all(files)
    assert len(set(found)) == len(files) and len(known._known) <= 5
    monkeypatch.setattr(digests, "_sha256", lambda path: pytest.fail(f"{path} is read again"))
    assert known.of_all(files) == found
