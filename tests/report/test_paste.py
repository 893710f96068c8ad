"""What changing pictures did, on the page of a run and on that of several."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from emocam.report.paste import find_pasted

NAMES = [
    "image",
    "object",
    "position",
    "label_before",
    "label_after",
    "confidence_before",
    "confidence_after",
]
ROWS = [
    ("a.jpg", "cup", "left", "joy", "fear", 0.5, 0.6),
    ("a.jpg", "cup", "right", "joy", "calm", 0.5, 0.9),
    ("b.jpg", "cup", "left", "joy", "fear", 0.7, 0.8),
    ("b.jpg", "cup", "right", "joy", "joy", 0.7, 0.7),
    ("a.jpg", "<b>hat", "left", "joy", "joy", 0.5, 0.5),
    ("b.jpg", "<b>hat", "left", "joy", "joy", 0.7, 0.5),
]


@pytest.fixture
def pasted(tmp_path: Path) -> Path:
    leave(tmp_path)
    return tmp_path


def leave(folder: Path) -> None:
    """A paste's files, the figures as they are numbered by task/flips.py."""
    pd.DataFrame(ROWS, columns=NAMES).to_parquet(folder / "paste.parquet")
    (folder / "flips").mkdir()
    for number in (1, 2):
        Image.new("RGB", (1600, 500), "white").save(folder / "flips" / f"{number}.png")


def test_objects_that_flip_most_come_first(pasted, tmp_path):
    found = find_pasted(pasted, tmp_path / "report")
    told = [(one.object, one.pictures, one.percent, one.mostly) for one in found.often]
    assert told == [("cup", 4, 75.0, "fear"), ("<b>hat", 2, 0.0, "")]


def test_the_surest_flip_of_each_picture_is_shown(pasted, tmp_path):
    first, second = find_pasted(pasted, tmp_path / "report").flips
    assert (first.image, first.change, first.before, first.after) == (
        *("a.jpg", "cup, right", "joy 0.50", "calm 0.90"),
    )
    assert (second.image, second.after) == ("b.jpg", "fear 0.80")
    with Image.open(tmp_path / "report" / first.file) as picture:
        assert picture.size == first.size == (1440, 450)


def test_a_figure_that_is_gone_is_left_out(pasted, tmp_path):
    (pasted / "flips" / "1.png").unlink()
    assert [flip.image for flip in find_pasted(pasted, tmp_path / "report").flips] == ["b.jpg"]


def test_no_figure_is_brought_along_by_a_link_of_somebody_else_s_run(pasted, tmp_path):
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere.png"
    Image.new("RGB", (30, 30), "red").save(elsewhere)
    (pasted / "flips" / "1.png").unlink()
    (pasted / "flips" / "1.png").symlink_to(elsewhere)
    assert [flip.image for flip in find_pasted(pasted, tmp_path / "report").flips] == ["b.jpg"]
    assert not (tmp_path / "report" / "flips" / "1.webp").exists()


def test_a_run_without_a_paste_has_none(tmp_path):
    assert find_pasted(tmp_path, tmp_path) is None


def test_the_comparison_shows_the_flips_of_each_run(write_sweep, tmp_path):
    from emocam.report.compare import write_comparison

    folder = tmp_path / "sweep"
    write_sweep(folder)
    runs = sorted(file.parent for file in folder.glob("*/predictions.parquet"))
    leave(runs[0])
    page = write_comparison(folder, runs, [run.name for run in runs])
    text = page.read_text()
    assert 'src="flips/0/1.webp"' in text
    assert "a.jpg before, called joy 0.50, and with cup, right, called calm 0.90" in text
    assert "&lt;b&gt;hat" in text and "<b>hat" not in text
    assert (page.parent / "flips/0/1.webp").is_file()
