"""Views put together from what is new in each, beside the views themselves."""

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from emocam.paste.changed_views import ChangedViews
from emocam.paste.patch import Patch
from emocam.paste.patched_view import PatchedView
from emocam.view.base import View
from emocam.view.crops import CentreCrop, Custom, Letterbox, Stretch
from emocam.view.fast_resize import Quick

VIEWS: dict[str, View] = {
    "stretch": Stretch((60, 90)),
    "quick": Quick(Stretch((60, 90))),
    "centre": CentreCrop(64, (48, 56)),
    "letterbox": Letterbox((64, 64)),
    "nearest, which differs anywhere": Stretch((60, 90), Resampling.NEAREST),
    "of unknown making": Custom(
        lambda image: torch.tensor(image.resize((8, 6)).tobytes()[0]).expand(3, 4, 5)
    ),
}


def noise(size: tuple[int, int], seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), np.uint8))


def variants(view: View, size: tuple[int, int]) -> tuple[list[Tensor], ChangedViews]:
    """Views of a picture changed in several ways: not at all, once, by overlapping patches, and outside."""
    width, height = size
    small = [noise((width // 4, height // 5), seed) for seed in (1, 2)]
    ways = [
        (),
        (Patch(small[0], (width // 3, height // 3)),),
        (Patch(small[0], (9, 8)), Patch(small[1], (13, 15)), Patch(small[0], (width - 5, -3))),
        (Patch(small[1], (width, 0)),),
        (Patch(noise(size, 3)),),
    ]
    seen = PatchedView.by(view, noise(size, 0))
    each = [(seen.after(patches)[0], seen.rectangles(patches)) for patches in ways]
    return [seen.shown, *(shown for shown, _ in each)], ChangedViews.gather([(seen.shown, ()), *each])


@pytest.mark.parametrize("name", VIEWS)
def test_views_put_together_are_the_views(name: str) -> None:
    expected, gathered = variants(VIEWS[name], (200, 150))
    assert len(gathered) == len(expected)
    assert torch.equal(gathered.composed(), torch.stack(expected))
    assert torch.equal(ChangedViews.of(torch.stack(expected)).composed(), torch.stack(expected))


@pytest.mark.parametrize("name", VIEWS)
def test_views_of_several_pictures_are_put_together_at_once(name: str) -> None:
    pictures = [variants(VIEWS[name], size) for size in ((200, 150), (90, 160), (64, 64))]
    expected = torch.cat([torch.stack(views) for views, _ in pictures])
    together = ChangedViews.join([gathered for _, gathered in pictures])
    assert torch.equal(together.composed(), expected)
    for put in (together.put_one_by_one, together.put_at_once):  # as a processor does, and an accelerator
        views = together.whole[together.source]
        put(views)
        assert torch.equal(views, expected)
    assert len(ChangedViews.join([])) == 0


def test_a_small_change_travels_as_few_bytes() -> None:
    seen = PatchedView.by(Stretch((227, 227)), noise((454, 454), 0))
    patch = (Patch(noise((40, 20), 1), (100, 100)),)
    pair = seen.after(patch)[0], seen.rectangles(patch)
    gathered = ChangedViews.gather([(seen.shown, ()), *[pair] * 50])
    assert gathered.whole.shape == (1, 3, 227, 227)
    # bicubic: 20 x 10 pixels of the view, with four on each side and one for rounding
    assert len(gathered.pixels) <= 50 * (20 + 2 * 5) * (10 + 2 * 5)
