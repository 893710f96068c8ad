"""A page takes thumbnails over from the page of a run of the same pictures, and draws what that has not."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from emocam.report.page import write_report
from emocam.report.thumbnails import DRAWN
from emocam.results.run import Run


def bytes_of(folder: Path, kind: str = "*.webp") -> dict[str, bytes]:
    report = folder / "report"
    return {str(file.relative_to(report)): file.read_bytes() for file in report.rglob(kind)}


@pytest.fixture
def drawn(run_folder, tmp_path: Path):
    """A run with its page, a copy of it without, and what opens its pictures."""
    folder, open_picture = run_folder
    shutil.copytree(folder, tmp_path / "again")
    write_report(Run(folder), open_picture, earlier=())
    return folder, tmp_path / "again", open_picture


def test_no_picture_is_opened_again(drawn) -> None:
    first, second, _ = drawn

    def refuse(path: str) -> Image.Image:
        raise AssertionError(path)

    write_report(Run(second), refuse, earlier=(first / "no run", first))
    assert bytes_of(second) == bytes_of(first)
    assert bytes_of(second, "*.js") == bytes_of(first, "*.js")


def test_what_the_other_page_lacks_is_drawn_and_another_size_or_corpus_is_none(drawn) -> None:
    first, second, open_picture = drawn
    told = json.loads((first / "report" / DRAWN).read_text())
    (lost, *_), (torn, *_) = sorted(told["places"])[:1], sorted(told["places"])[1:2]
    del told["places"][lost]
    (first / "report" / f"thumbnails/000/{told['places'][torn]:06d}.webp").write_bytes(b"torn")
    opened: list[str] = []

    def counted(path: str) -> Image.Image:
        opened.append(path)
        return open_picture(path)

    (first / "report" / DRAWN).write_text(json.dumps(told))
    write_report(Run(second), counted, earlier=(first,))
    assert sorted(opened) == [lost, torn]
    for other in ({"side": 7}, {"corpus": "of before a picture changed"}):
        opened.clear()
        (first / "report" / DRAWN).write_text(json.dumps(told | other))
        write_report(Run(second), counted, earlier=(first,))
        assert len(opened) == len(bytes_of(second))


def test_a_page_for_others_tells_nothing_of_its_pictures(run_folder) -> None:
    folder, open_picture = run_folder
    write_report(Run(folder), open_picture)
    assert not (folder / "report" / DRAWN).exists()
