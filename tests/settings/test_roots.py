"""What a root names, told by its spelling and by what is there."""

from pathlib import Path

import pytest

from emocam.settings.roots import is_stored, local_path, names_address


@pytest.mark.parametrize("before", ["", "file://", "FILE://", "file://localhost"])
def test_a_path_of_this_machine_may_be_written_as_an_address(before: str, tmp_path: Path) -> None:
    root = f"{before}{tmp_path}"
    assert local_path(root) == str(tmp_path)
    assert not names_address(root) and not is_stored(root)
    assert is_stored(f"{root}/a.tar") and is_stored(f"{root}/a.parquet") and is_stored(f"{root}/a.tar.gz")
    (tmp_path / "a.tar").mkdir()  # a folder that is called so
    assert not is_stored(f"{root}/a.tar")


def test_an_address_stays_as_it_is() -> None:
    for root in ("s3://bucket/a", "memory://a", "https://host/a.tar"):
        assert local_path(root) == root and names_address(root) and is_stored(root)
    assert local_path("~/a") == str(Path.home() / "a")
    assert not is_stored(None) and not names_address(None) and not names_address(Path("a"))
