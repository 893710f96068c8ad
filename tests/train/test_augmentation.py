import numpy as np
import pytest
import torch
from PIL import Image

from emocam.train.augmentation import augment
from emocam.train.settings import Changes

NOTHING = dict.fromkeys(("flip", "turn", "scale", "shift", "contrast", "brightness", "erase"), 0)


def changed(x, seed=0, **settings):
    torch.manual_seed(seed)
    return augment(x, Changes(**{**NOTHING, **settings}))


@pytest.fixture
def x():
    smooth = np.random.default_rng(0).integers(0, 256, (5, 6), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(smooth).resize((48, 64), Image.Resampling.BICUBIC)).copy()
    return torch.from_numpy(picture)[None, None].float().div(255).expand(200, 1, 64, 48).contiguous()


def test_no_change_leaves_pictures_as_they_are(x):
    assert torch.equal(changed(x), x)


def test_every_picture_or_half_of_them_are_mirrored(x):
    assert torch.equal(changed(x, flip=1), x.flip(-1))
    half = changed(x, flip=0.5)
    mirrored = [torch.equal(one, x[0].flip(-1)) for one in half]
    assert 70 < sum(mirrored) < 130 and all(
        m or torch.equal(one, x[0]) for m, one in zip(mirrored, half, strict=True)
    )


def test_a_turn_is_pillow_s(x, monkeypatch):
    draws = iter([torch.zeros(200), torch.full((200,), 1.0)])
    monkeypatch.setattr(torch, "rand", lambda *size: next(draws, torch.full(size, 0.5)))
    turned = augment(x, Changes(**{**NOTHING, "turn": 20}))[0, 0]
    image = Image.fromarray((255 * x[0, 0]).byte().numpy())
    both = [np.asarray(image.rotate(sign * 20, Image.Resampling.BILINEAR)) / 255 for sign in (1, -1)]
    middle = slice(20, 44), slice(14, 34)
    errors = [float(np.abs(turned.numpy()[middle] - one[middle]).mean()) for one in both]
    assert min(errors) < 0.01 < max(errors)


def test_a_shift_stays_within_its_share_and_goes_on_at_the_border():
    x = torch.zeros(300, 1, 40, 40)
    x[..., 19:21, 19:21] = 1
    moved = changed(x, shift=0.1)
    rows = (moved.sum(-1)[:, 0] * torch.arange(40)).sum(-1) / moved.sum((-1, -2, -3)) - 19.5
    assert rows.abs().max() < 4.1 and rows.abs().max() > 3 and abs(rows.mean()) < 0.5
    assert torch.equal(changed(torch.ones(4, 1, 8, 8), shift=0.5), torch.ones(4, 1, 8, 8))


def test_contrast_and_light_stay_within_their_shares(x):
    lit = changed(0.2 + x / 2, brightness=0.1) - (0.2 + x / 2)
    assert (
        lit.abs().max() < 0.1 + 1e-6
        and lit.flatten(1).std(1).max() < 1e-6
        and lit.mean((1, 2, 3)).std() > 0.03
    )
    spread = changed(0.25 + x / 2, contrast=0.25).flatten(1).std(1) / (x / 2).flatten(1).std(1)
    assert 0.74 < spread.min() < 0.8 and 1.2 < spread.max() < 1.26


def test_so_many_pictures_lose_a_square_of_an_eighth_to_five_sixteenths(x):
    gone = (changed(x, erase=0.4) != x)[:, 0]
    hit = gone.flatten(1).any(1)
    assert 50 < hit.sum() < 110
    side = (64 * 48) ** 0.5
    for hole in gone[hit]:
        rows, columns = (hole.any(axis).nonzero() for axis in (1, 0))
        for extent in (len(rows), len(columns)):
            assert side / 8 - 2 <= extent <= side * 5 / 16 + 2
