"""Where objects land, what they cover, and what is left of what was taken away."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emocam.errors import SettingError
from emocam.paste.base import Box, Region
from emocam.paste.erase import Erase
from emocam.paste.fill import FILLS, pixels
from emocam.paste.grid import POSITIONS, Grid
from emocam.paste.move import Move
from emocam.paste.patch import patched
from emocam.paste.regions import Regions
from emocam.paste.sticker import Sticker, lay, read_stickers

GREEN = (40, 160, 60)


def picture(size: tuple[int, int] = (200, 100)) -> Image.Image:
    return Image.new("RGB", size, GREEN)


def sticker(folder: Path, size: tuple[int, int] = (40, 20), margin: int = 10) -> Path:
    """A red rectangle with a transparent border."""
    image = Image.new("RGBA", (size[0] + 2 * margin, size[1] + 2 * margin), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (margin, margin, margin + size[0], margin + size[1]))
    image.save(folder / "red_box.png")
    return folder / "red_box.png"


def onto(object: Sticker, centre: tuple[float, float]) -> tuple[Image.Image, Box]:
    """The picture with the object at a fifth of its height, and the object's box."""
    patch, box = lay(object.at_height(0.2, picture()), picture(), centre)
    return patched(picture(), [patch]), box


def differing(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int]:
    """The box of all pixels that differ."""
    rows, columns = np.nonzero((np.asarray(one) != np.asarray(other)).any(-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_object_has_the_height_that_was_asked_for_and_keeps_its_proportions(tmp_path: Path) -> None:
    changed, box = onto(Sticker.read(sticker(tmp_path)), (0.5, 0.5))
    assert differing(picture(), changed) == (80, 40, 120, 60)  # 20 of 100 high, twice as wide, in the middle
    assert box == (0.4, 0.4, 0.6, 0.6)


def test_transparent_border_is_not_part_of_the_object(tmp_path: Path) -> None:
    image = Sticker.read(sticker(tmp_path, (30, 30), margin=25)).image
    assert image.size == (30, 30)


def test_object_over_the_edge_is_cut_and_its_box_too(tmp_path: Path) -> None:
    changed, box = onto(Sticker.read(sticker(tmp_path)), (0.0, 0.5))
    assert differing(picture(), changed) == (0, 40, 20, 60) and box == (0.0, 0.4, 0.1, 0.6)


def test_alpha_lets_the_picture_through(tmp_path: Path) -> None:
    Image.new("RGBA", (10, 10), (255, 0, 0, 128)).save(tmp_path / "glass.png")
    changed, _ = onto(Sticker.read(tmp_path / "glass.png"), (0.5, 0.5))
    mixed = np.asarray(changed)[50, 100]
    np.testing.assert_allclose(mixed, [148, 80, 30], atol=2)


def test_grid_is_symmetric_and_has_17_places() -> None:
    assert len(POSITIONS) == len(set(POSITIONS)) == 17
    for x, y in POSITIONS:
        assert (1 - x, y) in POSITIONS and (x, 1 - y) in POSITIONS and (y, x) in POSITIONS


def test_grid_makes_each_object_at_each_place() -> None:
    variants = list(Grid()(picture(), []))
    assert len(variants) == 3 * 17 and {v.object for v in variants} == {"ball", "flower", "star"}
    assert [v.position for v in variants[:17]] == [str(number) for number in range(1, 18)]
    np.testing.assert_allclose([v.centre for v in variants[:17]], POSITIONS, atol=0.01)


def test_object_on_a_region_covers_it(tmp_path: Path) -> None:
    change = Regions(where=["Face"], objects=[str(sticker(tmp_path, (20, 20)))], cover=1.0)
    (variant,) = change(picture(), [Region("Face", (0.2, 0.2, 0.4, 0.6))])
    assert differing(picture(), patched(picture(), variant.patches)) == (40, 20, 80, 60)
    assert variant.position == "on Face"


@pytest.mark.parametrize("fill", FILLS)
def test_erasing_changes_the_region_alone(fill: str) -> None:
    random = np.random.default_rng(0)
    noisy = Image.fromarray(random.integers(0, 255, (100, 200, 3), np.uint8))
    (variant,) = Erase(where=["Cake"], fill=fill)(noisy, [Region("Cake", (0.25, 0.2, 0.5, 0.7))])
    assert differing(noisy, patched(noisy, variant.patches)) == (50, 20, 100, 70)
    inside = np.asarray(patched(noisy, variant.patches))[20:70, 50:100].astype(float)
    assert inside.std() < 0.5 * np.asarray(noisy).std()


def test_moving_takes_the_object_along() -> None:
    image = picture()
    image.paste((250, 250, 0), (20, 20, 40, 40))
    (variant,) = Move(where=["Sun"], positions=[[0.75, 0.5]])(image, [Region("Sun", (0.1, 0.2, 0.2, 0.4))])
    moved = np.asarray(patched(image, variant.patches))
    assert (moved[40:60, 140:160] == (250, 250, 0)).all()
    np.testing.assert_allclose(moved[25:35, 25:35], np.broadcast_to(GREEN, (10, 10, 3)), atol=12)
    assert variant.box == (0.7, 0.4, 0.8, 0.6)


def test_tiny_region_is_one_pixel() -> None:
    assert pixels(picture(), (0.5, 0.5, 0.5, 0.5)) == (100, 50, 101, 51)
    assert pixels(picture(), (1.0, 1.0, 1.0, 1.0)) == (199, 99, 200, 100)


def test_our_objects_have_alpha_and_a_name() -> None:
    assert [s.name for s in read_stickers(None)] == ["ball", "flower", "star"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda folder: Image.new("RGB", (5, 5)).save(folder / "x.png"),
            "x.png has no alpha channel; give a PNG",
        ),
        (lambda folder: Image.new("RGBA", (5, 5)).save(folder / "x.png"), "x.png is transparent everywhere"),
        (lambda folder: (folder / "x.png").write_bytes(b"no"), "x.png cannot be read as PNG or WebP"),
        (lambda folder: None, "there is no file"),
    ],
)
def test_file_that_is_no_object_is_told(tmp_path: Path, make, told: str) -> None:
    make(tmp_path)
    with pytest.raises(SettingError, match=told):
        read_stickers([str(tmp_path / "x.png")])


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: Grid(height=0), r"paste.height must be in \(0, 1\] of the picture's height, got 0"),
        (
            lambda: Grid(positions=[[0.5, 1.5]]),
            r"paste.positions must be \[x, y\] in \[0, 1\] each, got \[0.5, 1.5\]",
        ),
        (
            lambda: Regions(where=[]),
            r"paste.where must name the objects to paste on, as in paste.where=\[Human face\]",
        ),
        (lambda: Erase(where=["Cake"], fill="blurr"), "paste.fill 'blurr' is not known; did you mean blur"),
        (lambda: Grid(objects=[]), "paste.objects must name at least one file"),
    ],
)
def test_settings_that_cannot_be_are_told(build, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        build()
