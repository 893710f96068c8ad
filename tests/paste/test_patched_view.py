"""The view of a changed picture, beside the view that the whole changed picture gives."""

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.Image import Resampling

from emocam.paste.patch import Patch, patched
from emocam.paste.patched_view import PatchedView
from emocam.view.base import Framed
from emocam.view.crops import Border, CentreCrop, Cover, Custom, Letterbox, Stretch, Unchanged
from emocam.view.fast_resize import Quick

VIEWS: dict[str, Framed] = {
    "EmoNet": Stretch((227, 227)),
    "sharp": Stretch((60, 90), Resampling.LANCZOS),
    "nearest": Stretch((60, 90), Resampling.NEAREST),
    "unchanged": Unchanged(),
    "centre": CentreCrop(100, (80, 80)),
    "centre of less": CentreCrop(50, (80, 80), Resampling.BICUBIC),
    "letterbox": Letterbox((160, 160)),
    "cover": Cover((65, 48), (60, 40)),
    "border": Border((48, 65), (48, 65), (124, 116, 104)),
}
SIZES = [(301, 199), (97, 203), (33, 500), (64, 48), (640, 480)]


def noise(size: tuple[int, int], seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), np.uint8))


def patches_in(size: tuple[int, int]) -> list[tuple[Patch, ...]]:
    """In the middle, over each corner, a single pixel, outside, everything, and several at once."""
    width, height = size
    small = noise((width // 5 + 1, height // 6 + 1), 1)
    one = Patch(small, (width // 2, height // 3))
    corners = [Patch(small, (x, y)) for x in (-3, width - 4) for y in (-5, height - 2)]
    singles = [one, *corners, Patch(noise((1, 1), 2), (width // 3, height // 2)), Patch(small, (width, 0))]
    near = Patch(noise(small.size, 3), (one.place[0] + 2, one.place[1] + 3))
    return [
        *((patch,) for patch in singles),
        (Patch(noise(size, 4)),),
        (one, near),
        (*corners, near, one),
        (),
    ]


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("size", SIZES)
def test_a_change_is_seen_as_in_the_whole_changed_picture(name: str, size: tuple[int, int]) -> None:
    view, image = VIEWS[name], noise(size)
    seen = PatchedView.by(view, image)
    levels = []
    for patches in patches_in(size):
        shown, window = seen.after(patches)
        expected, expected_window = view(patched(image, patches))
        assert torch.equal(window, expected_window)
        levels.append((shown.int() - expected.int()).abs().flatten())
    apart = torch.cat(levels)
    assert apart.max() <= 2 and (apart > 0).float().mean() < 5e-3 and (apart > 1).float().mean() < 5e-5
    assert torch.equal(seen.shown, view(image)[0])


def test_a_quick_view_is_changed_within_what_it_is_apart() -> None:
    view, image = Quick(VIEWS["EmoNet"]), noise((640, 480))
    for patches in patches_in(image.size):
        levels = PatchedView.by(view, image).after(patches)[0].int() - view(patched(image, patches))[0].int()
        assert levels.abs().max() <= 1


def test_a_view_of_unknown_making_sees_the_whole_changed_picture() -> None:
    view = Custom(lambda image: torch.tensor(image.getpixel((5, 5))))
    red = Patch(Image.new("RGB", (2, 2), (255, 0, 0)), (5, 5))
    assert PatchedView.by(view, noise((9, 9))).after([red])[0].tolist() == [255, 0, 0]
