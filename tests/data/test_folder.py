"""A folder is walked in stable order; what is in it ends in the listing, once."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emocam.data.folder import Folder, walk
from emocam.errors import SettingError


def test_every_entry_with_an_image_suffix_is_listed_except_directories(corpus) -> None:
    root = corpus("b.jpg", "a/z.PNG", "a/y.jpeg", "c.JPG")
    (root / "directory.jpg").mkdir()
    (root / "notes.txt").write_text("x")
    (root / "broken.jpg").symlink_to(root / "nothing")
    os.mkfifo(root / "pipe.jpg")
    assert walk(root) == ["a/y.jpeg", "a/z.PNG", "b.jpg", "broken.jpg", "c.JPG", "pipe.jpg"]


def test_links_to_folders_are_followed_only_on_demand_and_never_in_circles(corpus, tmp_path: Path) -> None:
    root = corpus("a/x.jpg")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "y.jpg").write_bytes((root / "a/x.jpg").read_bytes())
    (root / "out").symlink_to(elsewhere)
    (root / "a/up").symlink_to(root)
    assert walk(root) == ["a/x.jpg"]
    assert walk(root, follow_links=True) == ["a/x.jpg", "out/y.jpg"]
    assert Folder(root=root, follow_links=True).open("out/y.jpg").image.size == (96, 64)


def test_a_folder_that_cannot_be_listed_is_a_fault_and_no_silence(corpus, monkeypatch) -> None:
    root = corpus("a/x.jpg", "b/y.jpg")
    listing = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("b"):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SettingError, match=r"data\.root: .*b cannot be listed \(Permission denied\)"):
        walk(root)


def test_an_empty_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"holds no picture; expected files ending in \.avif, \.bmp"):
        Folder(root=tmp_path).paths()


def test_what_is_left_out_is_named_with_counts(corpus, tmp_path: Path) -> None:
    root, elsewhere = corpus("a.jpg"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.new("RGB", (4, 4)).save(elsewhere / "b.jpg")
    (root / "linked").symlink_to(elsewhere)
    (root / "again").symlink_to(root)  # a loop
    for name in ("c.cr2", "d.CR2", "e.svg", "notes.txt"):
        (root / name).touch()
    data = Folder(root=root)
    assert data.listing() == ["a.jpg"]
    assert data.notes == [
        "data.root: 2 linked folders are not followed (again); data.follow_links=true follows them",
        "data.root: not read are 2 .cr2, 1 .svg",
    ]
    assert Folder(root=root, follow_links=True).listing() == ["a.jpg", "linked/b.jpg"]
    (root / "a.jpg").unlink()
    with pytest.raises(
        SettingError, match=r"holds no picture; .*2 linked folders .*not read are 2 \.cr2, 1 \.svg, 1 \.txt"
    ):
        Folder(root=root).paths()


def test_a_telephone_s_pictures_are_read_where_the_extra_is_installed(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    colours = Image.new("RGB", (64, 48), (200, 30, 30))
    exif = Image.Exif()
    exif[274] = 6  # turned by a quarter
    heif.from_pillow(colours).save(tmp_path / "a.heic", exif=exif.tobytes(), quality=95)
    data = Folder(root=tmp_path)
    assert data.listing() == ["a.heic"]
    picture = data.open("a.heic").image
    assert picture.size == (48, 64)
    assert max(abs(a - b) for a, b in zip(picture.getpixel((20, 20)), (200, 30, 30), strict=True)) < 12


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, r"data\.root is not set"),
        ({"root": "/nowhere/at/all"}, "there is none at /nowhere/at/all"),
        ({"root": "/", "limit": 0}, r"data\.limit must be at least 1 or null, got 0"),
        (
            {"root": "/", "drawn_on": "side"},
            r"data\.drawn_on must be one of auto, upright, stored, got 'side'",
        ),
        ({"root": "/", "annotations": "/nowhere"}, r"data\.annotations: there is no file /nowhere"),
    ],
)
def test_a_setting_that_cannot_be_is_told_in_one_sentence(settings: dict, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        Folder(**settings)


def test_limit_takes_the_first(corpus) -> None:
    assert Folder(root=corpus("c.jpg", "a.jpg", "b.jpg"), limit=2).listing() == ["a.jpg", "b.jpg"]


def test_without_annotations_there_is_nothing_to_tell(corpus) -> None:
    data = Folder(root=corpus("a.jpg"))
    picture = data.open("a.jpg")
    assert (data.objects, data.labels, data.notes, picture.known) == ([], None, [], {})
    assert picture.boxes.shape == (0, 4) and picture.masks is None


def test_annotations_find_their_picture_in_subfolders_and_are_counted_aloud(corpus, tmp_path: Path) -> None:
    root = corpus("one/a.jpg", "two/a.jpg", "b.jpg")
    table = tmp_path / "boxes.csv"
    table.write_text("path,x0,y0,x1,y1,label\ntwo/a.jpg,0,0,48,32,cat\nb.jpg,48,0,96,64,dog\n")
    data = Folder(root=root, annotations=table)
    assert data.objects == ["cat", "dog"]
    np.testing.assert_allclose(data.open("two/a.jpg").boxes, [[0, 0, 0.5, 0.5]])
    np.testing.assert_allclose(data.open("b.jpg").boxes, [[0.5, 0, 1, 1]])
    assert len(data.open("one/a.jpg").boxes) == 0
    assert data.notes == [
        f"{table}: boxes are read as pixels, because their largest corner is 96",
        f"{table} annotates 2 of 3 pictures",
    ]


def test_annotations_of_other_pictures_are_a_fault(corpus, tmp_path: Path) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text("path,x0,y0,x1,y1,label\nz.jpg,0,0,48,32,cat\n")
    with pytest.raises(SettingError, match=r"speaks of no picture under data\.root .*its first is 'z\.jpg'"):
        Folder(root=corpus("a.jpg"), annotations=table)
