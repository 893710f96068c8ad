"""Torch's resizing beside Pillow's, for every view, on the worst of pictures and on real ones."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.Image import Resampling

from emocam.view.base import Framed
from emocam.view.crops import (
    Border,
    CentreCrop,
    Cover,
    Custom,
    Letterbox,
    SideBySide,
    Squash,
    Stretch,
    Unchanged,
)
from emocam.view.fast_resize import Quick, memory_of, quickened
from emocam.view.frame import passes

PHOTOS = sorted((Path(__file__).parents[2].parent / "shared/data/photos").glob("*.jpg"))[:6]
VIEWS: dict[str, Framed] = {
    "EmoNet": Stretch((227, 227)),
    "wide": Stretch((64, 200), Resampling.BILINEAR),
    "unchanged": Unchanged(),
    "centre": CentreCrop(256, (224, 224)),
    "centre of less": CentreCrop(100, (224, 224), Resampling.BICUBIC),
    "YOLO": Letterbox((608, 608)),
    "letterbox": Letterbox((96, 160), Resampling.BICUBIC),
    "squash": Squash((51, 51), (40, 60)),
    "cover": Cover((65, 48), (60, 40)),
    "border": Border((48, 65), (48, 65), (124, 116, 104)),
}
SIZES = [(301, 199), (97, 203), (64, 48), (33, 500), (480, 640), (640, 480), (1, 7)]


def noise(size: tuple[int, int], values: int = 256) -> Image.Image:
    """Pixels that know nothing of their neighbours: what rounding and filters find hardest."""
    pixels = np.random.default_rng(0).integers(0, values, (*size[::-1], 3)) * (255 // (values - 1))
    return Image.fromarray(pixels.astype(np.uint8))


def apart(view: Framed, image: Image.Image) -> torch.Tensor:
    """By how many grey levels each value differs."""
    (exact, window), (quick, same) = view(image), Quick(view)(image)
    assert torch.equal(window, same) and quick.is_contiguous()
    return (exact.int() - quick.int()).abs()


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("values", [256, 2], ids=["noise", "black and white"])
def test_every_view_is_within_a_grey_level_of_pillow_s(name: str, values: int) -> None:
    levels = torch.cat([apart(VIEWS[name], noise(size, values)).flatten() for size in SIZES])
    assert levels.max() <= 2 and (levels > 1).float().mean() < 1e-4


@pytest.mark.parametrize("size", [(1024, 768), (768, 1024), (2048, 1536)])
def test_views_of_photographs_sizes_are_within_one(size: tuple[int, int]) -> None:
    assert apart(VIEWS["EmoNet"], noise(size)).max() == 1
    assert apart(VIEWS["YOLO"], noise(size)).max() == 1


@pytest.mark.skipif(not PHOTOS, reason="no photographs beside the checkout")
@pytest.mark.parametrize("name", VIEWS)
def test_real_pictures_too(name: str) -> None:
    levels = torch.cat([apart(VIEWS[name], Image.open(file).convert("RGB")).flatten() for file in PHOTOS])
    assert levels.max() <= 2 and (levels > 1).float().mean() < 1e-4


def sizes() -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for width, wide, tall in product((40, 90), (20, 39, 60), (15, 50)):
        for height in (30, 61, 101, 140):
            yield (width, height), (wide, tall)


@pytest.mark.parametrize("filter", [Resampling.BILINEAR, Resampling.BICUBIC])
def test_passes_are_those_of_pillow(filter: Resampling) -> None:
    for size, inner in sizes():
        image = step = noise(size, 2)
        for after in passes(size, inner):
            step = step.resize(after, filter)
        assert step == image.resize(inner, filter), (size, inner)


@pytest.mark.parametrize("size", [(31, 17), (2400, 2000)], ids=["in a piece", "in several"])
def test_memory_is_the_picture_s(size: tuple[int, int]) -> None:
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    expected = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    assert torch.equal(memory_of(image)[0, :3], expected)


def test_filters_that_torch_has_not_are_pillow_s() -> None:
    view = Stretch((40, 50), Resampling.LANCZOS)
    assert torch.equal(Quick(view)(noise((200, 100)))[0], view(noise((200, 100)))[0])
    grey = noise((200, 100)).convert("L")
    assert torch.equal(Quick(VIEWS["EmoNet"])(grey)[0], VIEWS["EmoNet"](grey)[0])


def test_only_framed_views_are_quickened() -> None:
    custom = Custom(lambda image: torch.tensor(image.size))
    assert quickened(custom) is custom
    joined = quickened(SideBySide((VIEWS["YOLO"], custom)))
    assert joined == SideBySide((Quick(VIEWS["YOLO"]), custom))
    views, windows = joined(noise((30, 20)))
    assert views[1].tolist() == [30, 20] and windows.shape == (2, 4)
