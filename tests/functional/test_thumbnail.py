"""Small pictures and what sets them apart, beside loops over pixels."""

import numpy as np
import pytest
import torch

from emocam.functional.thumbnail import COLUMNS, ROWS, directions, thumbnail


def test_a_thumbnail_is_the_mean_of_each_part_from_the_darkest_to_the_brightest() -> None:
    view = torch.from_numpy(np.random.default_rng(0).uniform(20, 90, (3, 3 * ROWS, 2 * COLUMNS)))
    made = thumbnail(view)
    assert made.shape == (16, 17) and made.dtype == torch.uint8
    grey = view.numpy().mean(0)
    means = np.array(
        [[grey[3 * r : 3 * r + 3, 2 * c : 2 * c + 2].mean() for c in range(17)] for r in range(16)]
    )
    slow = 255 * (means - means.min()) / (means.max() - means.min())
    assert np.abs(made.numpy() - slow).max() <= 0.501
    assert made.min() == 0 and made.max() == 255


def test_a_thumbnail_of_one_colour_is_black_and_of_hardly_two_is_whole() -> None:
    assert (thumbnail(torch.full((3, 40, 40), 7.0)) == 0).all()
    hardly = torch.zeros(1, 16, 17)
    hardly[0, 3, 5] = 1e-9
    assert thumbnail(hardly)[3, 5] == 255 and thumbnail(hardly).sum() == 255


def test_directions_are_apart_from_the_mean_and_of_length_one() -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (4, 5, 6), np.uint8)
    pictures[3] = 90  # of one colour: it has no spread to be divided by
    flat = [picture.ravel().astype(float) for picture in pictures]
    evened = np.array([(one - one.mean()) / (one.std() if one.std() > 1 else 1) for one in flat])
    apart = evened - evened.mean(0)
    slow = np.array([one / np.sqrt((one**2).sum()) for one in apart])
    made = directions(pictures)
    assert made.dtype == np.float32
    assert np.allclose(made, slow, atol=1e-5)


@pytest.mark.parametrize("spread", [1, 2])
def test_hardly_any_spread_is_not_made_larger(spread: int) -> None:
    one, other = np.full((2, 8, 8), 100, np.uint8)
    one[0, 0] += spread
    other[1, 1] += 90
    flat = np.array([one.ravel() - 0.0, other.ravel() - 0.0])
    flat -= flat.mean(1, keepdims=True)
    flat[0] /= max(flat[0].std(), 1)
    flat[1] /= flat[1].std()
    flat -= flat.mean(0)
    slow = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    assert np.allclose(directions(np.stack([one, other])), slow, atol=1e-5)


def test_copies_have_no_direction() -> None:
    assert (directions(np.tile(np.arange(12, dtype=np.uint8).reshape(1, 3, 4), (2, 1, 1))) == 0).all()
