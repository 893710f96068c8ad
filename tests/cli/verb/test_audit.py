"""`emocam audit`: what is the same, near or mirrored, and what is not."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image, ImageOps

from emocam.data.planted import Planted

Command = Callable[..., int]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Eight pictures to train on; among those to test one is the same, one near, one mirrored, three others."""
    world = Planted(images=11)
    pictures = [world.open(path).image for path in world.paths()]
    train, test = tmp_path / "train", tmp_path / "test"
    for folder in (train, test):
        folder.mkdir()
    for i, picture in enumerate(pictures[:8]):
        picture.save(train / f"{i}.png")
    pictures[0].save(test / "same.png")
    pictures[1].resize((100, 100)).save(test / "near.jpg", quality=40)
    ImageOps.mirror(pictures[2]).save(test / "mirror.png")
    for i, picture in enumerate(pictures[8:]):
        picture.save(test / f"other{i}.png")
    (test / "broken.png").write_bytes(b"no picture")
    return train, test


def test_leaks_between_two_folders_are_a_table_a_page_and_a_sentence(
    emocam: Command, folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam("audit", *map(str, folders)) == 0
    table = pd.read_csv("audit.csv")
    found = {(Path(row.image).name, Path(row.other).name, row.kind) for row in table.itertuples()}
    assert found == {
        ("0.png", "same.png", "same"),
        ("1.png", "near.jpg", "near"),
        ("2.png", "mirror.png", "mirror"),
    }
    told = capsys.readouterr().out
    assert (
        "6 of 14 pictures are like another (1 pairs the same, 1 near, 1 mirrored); 1 files could not be opened"
        in told
    )
    page = Path("audit/index.html").read_text()
    assert page.count("<img") == 6 and "near.jpg" in page and "other0" not in page
    sources = [part.split('"')[0] for part in page.split('<img src="')[1:]]
    assert all(Image.open(Path("audit") / source).size[0] <= 160 for source in sources)


def test_a_folder_of_different_pictures_has_nothing(
    emocam: Command, folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam("audit", str(folders[0]), "--out", "elsewhere") == 0
    assert "none of 8 pictures is the same as another" in capsys.readouterr().out
    assert len(pd.read_csv("audit.csv")) == 0 and Path("elsewhere/index.html").is_file()


def test_a_folder_that_is_not_there_is_one_sentence(
    emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam("audit", "nowhere") == 1
    assert "FOLDER must be a folder of pictures, and there is none at nowhere" in capsys.readouterr().err
