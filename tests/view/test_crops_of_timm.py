"""Views of timm's data configs, against timm's own transforms."""

import numpy as np
import pytest
import torch
from PIL import Image

from emocam.view.crops import Border, Cover, Squash

data = pytest.importorskip("timm.data")

SIZES = [(301, 199), (97, 203), (64, 48), (33, 500), (41, 40)]
CROPS = {
    "squash": ("squash", (48, 64), lambda *sizes: Squash(*sizes)),
    "squash a square": ("squash", (51, 51), lambda *sizes: Squash(*sizes)),
    "border": ("border", (48, 48), lambda *sizes: Border(*sizes, fill=(124, 116, 104))),
    "border of a wide view": ("border", (48, 65), lambda *sizes: Border(*sizes, fill=(124, 116, 104))),
    "centre of a high view": ("center", (65, 48), lambda *sizes: Cover(*sizes)),
}


def picture(size):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("share", [1.0, 0.9])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CROPS)
def test_a_view_is_what_timm_makes_of_the_picture(name, size, share):
    mode, crop, view_of = CROPS[name]
    resize = int(crop[0] // share), int(crop[1] // share)
    theirs = data.create_transform(
        crop, interpolation="bicubic", crop_pct=share, crop_mode=mode, normalize=False
    )(picture(size))
    view, window = view_of(resize, crop)(picture(size))
    assert torch.equal(view, theirs)
    assert view.shape == (3, *crop) and (window[2:] > window[:2]).all()


def test_windows_say_what_is_seen():
    _, whole = Squash((40, 40), (40, 40))(picture((200, 100)))
    assert whole.tolist() == [0, 0, 1, 1]
    _, middle = Squash((40, 40), (20, 40))(picture((200, 100)))
    assert middle.tolist() == [0, 0.25, 1, 0.75]
    _, around = Border((40, 40), (40, 40), (0, 0, 0))(picture((200, 100)))
    assert around.tolist() == [0, -0.5, 1, 1.5]
    _, covered = Cover((20, 20), (20, 20))(picture((200, 100)))
    assert covered.tolist() == [0.25, 0, 0.75, 1]


def test_a_line_of_pixels_does_not_ask_for_all_memory():
    with pytest.raises(ValueError, match="200000 x 1 pixels are too narrow"):
        Cover((200, 100), (200, 100))(Image.new("RGB", (200_000, 1)))
