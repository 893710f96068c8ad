"""`emocam audit`: what is the same, near or mirrored, and what is not."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from emocam.data.audit import small_grey
from emocam.data.audit_record import audit_sentence
from emocam.data.planted import Planted
from emocam.functional.statistics.picture_copies import Apart, copied_pairs
from emocam.settings.experiments import user_cache

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


def draw(number: int) -> Image.Image:
    """A picture of coarse and fine patches, no two alike."""
    draws = np.random.default_rng(number)
    parts = [
        np.asarray(
            Image.fromarray(draws.integers(0, 256, size, np.uint8)).resize(
                (150, 120), Image.Resampling.BICUBIC
            )
        )
        for size in ((3, 4, 3), (7, 8, 3), (20, 25, 3))
    ]
    return Image.fromarray((0.5 * parts[0] + 0.3 * parts[1] + 0.2 * parts[2]).astype(np.uint8))


def cut(image: Image.Image, number: int) -> Image.Image:
    """Cut 7 % of a side off: in the middle, on the left, or above and on the right."""
    width, height = image.size
    left, top, right, bottom = [(0.035,) * 4, (0.07, 0, 0, 0), (0, 0.07, 0.07, 0)][number % 3]
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    return image.crop(tuple(round(edge) for edge in box))  # type: ignore[arg-type]


def test_planted_copies_are_found_and_different_pictures_are_not(emocam: Command, tmp_path: Path) -> None:
    planted: dict[tuple[str, str], str] = {}
    for i in range(200):
        image, label, kind = draw(i), f"label{i % 2}", ("none", "same", "near", "mirror", "cut")[i % 5]
        (tmp_path / "train" / label).mkdir(parents=True, exist_ok=True)
        image.save(tmp_path / "train" / label / f"{i}.png")
        other = f"label{(i + (i % 4 == 0)) % 2}"  # of every fourth the other label
        if kind == "none":
            continue
        copy = {"mirror": ImageOps.mirror(image), "cut": cut(image, i // 5)}.get(kind, image)
        file = tmp_path / "test" / other / (f"{i}.png" if kind == "same" else f"{i}.jpg")
        file.parent.mkdir(parents=True, exist_ok=True)
        copy.save(file, quality=40) if kind != "same" else copy.save(file)
        named = f"test/{other}/{file.name}", f"train/{label}/{i}.png"
        planted[min(named), max(named)] = kind if kind != "cut" else "near"
    assert emocam("audit", "train", "test") == 0
    rows = pd.read_csv("audit.csv")
    alike = rows[rows["kind"].isin(["same", "near", "mirror"])]
    found = {(min(r.image, r.other), max(r.image, r.other)): r.kind for r in alike.itertuples()}
    assert not set(found) - set(planted)
    right = sum(found.get(pair) == kind for pair, kind in planted.items())
    assert right >= 0.95 * len(planted)
    disagreeing = {
        (min(r.image, r.other), max(r.image, r.other)) for r in rows[rows["kind"] == "label"].itertuples()
    }
    apart = {(a, b) for a, b in found if a.split("/")[1] != b.split("/")[1]}
    assert disagreeing == apart and len(apart) > 20
    page = Path("audit/index.html").read_text()
    assert "labels disagree" in page and '<th scope="row"><bdi>label0</bdi></th><td>100</td>' in page


PHOTOS = Path(__file__).parents[3].parent / "shared/data/photos"


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the photos are not beside the checkout")
def test_no_two_of_200_different_photos_are_called_alike() -> None:
    """The photos there are, and parts of them that do not overlap."""
    photos = [Image.open(file).convert("RGB") for file in sorted(PHOTOS.glob("*.jpg"))]
    parts = list(photos)
    for photo in photos:
        width, height = photo.size
        parts += [
            photo.crop((x * width // 3, y * height // 2, (x + 1) * width // 3, (y + 1) * height // 2))
            for x in range(3)
            for y in range(2)
        ]
    assert len(parts) >= 200
    greys = np.stack([small_grey(np.asarray(part)) for part in parts])
    assert not len(copied_pairs(greys)) and not len(copied_pairs(greys, mirrored=True))
    encoded = []
    for number, photo in enumerate(photos):
        file = BytesIO()
        cut(photo, number).save(file, "JPEG", quality=40)
        encoded.append(small_grey(np.asarray(Image.open(file).convert("RGB"))))
    found = {tuple(pair) for pair in copied_pairs(np.concatenate([greys, np.stack(encoded)])).tolist()}
    assert sum((i, len(greys) + i) in found for i in range(len(photos))) >= 0.95 * len(photos)


def test_tiny_and_odd_pictures_are_named(emocam: Command, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    draw(0).save("own/fine.png")
    draw(1).resize((20, 40)).save("own/tiny.png")
    draw(2).resize((500, 100)).save("own/long.png")
    Image.new("RGB", (90, 90), (30, 40, 50)).save("own/flat.png")
    assert emocam("audit", "own") == 0
    rows = pd.read_csv("audit.csv")
    assert set(zip(rows["image"], rows["kind"], strict=True)) == {
        ("tiny.png", "tiny"),
        ("long.png", "odd"),
        ("flat.png", "odd"),
    }
    assert rows["other"].isna().all()


def test_what_an_audit_found_is_said_of_its_folders_until_they_change(
    emocam: Command, folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    cache = Path(user_cache())
    assert "were not audited; `emocam audit" in audit_sentence(folders[0], cache)
    assert emocam("audit", *map(str, folders)) == 0
    said = audit_sentence(folders[0], cache)
    assert "were audited on" in said and "beside test: 6 of 14 pictures are like another" in said
    draw(3).save(folders[0] / "later.png")
    assert "have changed since they were audited" in audit_sentence(folders[0], cache)
    assert "not known without a cache" in audit_sentence(folders[0], None)
    assert "drawn by EmoCAM" in audit_sentence(None, cache)


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


def test_faces_that_are_aligned_alike_are_no_copies_and_their_copies_are_found() -> None:
    world = Planted(world="faces", images=48, seed=11)
    pictures = [world.open(path).image.convert("RGB") for path in world.paths()]
    greys = np.stack([small_grey(np.asarray(picture)) for picture in pictures])
    assert len(copied_pairs(greys)) + len(copied_pairs(greys, mirrored=True)) <= 1
    cut = [picture.crop((4, 3, picture.width - 6, picture.height - 8)) for picture in pictures]
    both = np.concatenate([greys, np.stack([small_grey(np.asarray(picture)) for picture in cut])])
    found = {tuple(pair) for pair in copied_pairs(both).tolist()}
    assert sum((number, number + 48) in found for number in range(48)) >= 46


def test_pictures_of_one_grey_are_the_same_only_where_all_pixels_are(emocam: Command, tmp_path: Path) -> None:
    folder = tmp_path / "flat"
    folder.mkdir()
    for name, level in (("a", 90), ("b", 91), ("c", 90)):
        Image.new("RGB", (64, 64), (level, level, level)).save(folder / f"{name}.png")
    assert emocam("audit", str(folder)) == 0
    table = pd.read_csv("audit.csv", keep_default_na=False)
    assert [tuple(row) for row in table[table["kind"] != "odd"].to_numpy()] == [("a.png", "c.png", "same")]


def test_pictures_that_differ_by_hardly_a_grey_have_directions_as_long_as_all_others() -> None:
    small = np.zeros((3, 64), np.float32)
    small[0, 3], small[1, 9] = 0.05, 0.01
    lengths = np.linalg.norm(Apart(small, small)(small), axis=1)
    assert lengths == pytest.approx([1, 1, 1], abs=1e-5)


def test_what_sets_pictures_apart_is_held_against_the_mean_of_them_and_their_mirror_images() -> None:
    one, other = np.random.default_rng(0).uniform(0, 255, (2, 5, 12)).astype(np.float32)
    means = [np.mean([(p - p.mean()) / p.std() for p in part.astype(float)], 0) for part in (one, other)]
    assert Apart(one, other).mean == pytest.approx((means[0] + means[1]) / 2, abs=1e-4)
