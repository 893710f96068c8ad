"""Copies of pictures, beside a comparison of each with each, cut in each way, by plain loops."""

from functools import cache
from itertools import product

import numpy as np
import pytest

from emocam.functional.statistics import picture_copies
from emocam.functional.statistics.picture_copies import (
    Apart,
    _brighter,
    _candidates,
    _is_cut_from,
    area_weights,
    copied_pairs,
    fine_likeness,
    reduced,
)

WAYS = [(0.0, 0.0), (0.07, 0.0), (0.0, 0.07), (0.035, 0.035), (0.07, 0.07)]
WHOLE = (0.0, 0.0)


def stretched(picture: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """A part of a picture at the size of the whole."""
    part = picture[rows, columns]
    for _ in range(2):
        places = np.linspace(0, len(part) - 1, 64)
        part = np.array([np.interp(places, np.arange(len(part)), column) for column in part.T])
    return part


@pytest.fixture(scope="module")
def greys() -> np.ndarray:
    """Pictures, blends of two of them, parts, mirror images and noisy copies, more and less alike: (N, 64, 64)."""
    dice = np.random.default_rng(0)
    own = [
        np.kron(dice.normal(size=(8, 8)), np.ones((8, 8)))
        + np.kron(dice.normal(size=(16, 16)), np.ones((4, 4)))
        for _ in range(5)
    ]
    whole = [128 + 35 * one / one.std() for one in own]
    blends = [
        share * whole[k % 5] + (1 - share) * whole[(k + 2) % 5]
        for k, share in enumerate(np.linspace(0.5, 1, 9))
    ]
    cuts = [(0, 64, 4, 64), (0, 60, 0, 64), (2, 62, 2, 62), (4, 60, 4, 60), (0, 64, 0, 60), (9, 64, 0, 64)]
    parts = [stretched(whole[k % 5], slice(a, b), slice(c, d)) for k, (a, b, c, d) in enumerate(cuts)]
    noisy = [whole[k] + dice.normal(0, noise, (64, 64)) for k, noise in enumerate((5, 25, 60, 120, 200))]
    mirrored = [part[:, ::-1] for part in (parts[0], whole[3], parts[3])]
    flat = [np.full((64, 64), 90.0), 90 + dice.integers(0, 2, (64, 64))]
    return np.stack([*whole, *blends, *parts, *noisy, *mirrored, *flat]).clip(0, 255).astype(np.uint8)


def centred(rows: np.ndarray) -> np.ndarray:
    return rows - rows.mean(1, keepdims=True)


@cache
def slow_weights(cells: int, before: float, after: float) -> np.ndarray:
    found = np.zeros((cells, 64))
    length = 64 * (1 - before - after) / cells
    for cell, pixel in product(range(cells), range(64)):
        first = 64 * before + cell * length
        found[cell, pixel] = max(0.0, min(first + length, pixel + 1) - max(first, pixel)) / length
    return found


def slow_reduced(greys: np.ndarray, size: tuple[int, int], rows=WHOLE, columns=WHOLE) -> np.ndarray:
    down, across = slow_weights(size[0], *rows), slow_weights(size[1], *columns)
    return np.stack([(down @ grey.astype(float) @ across.T).ravel() for grey in greys])


def slow_evened(small: np.ndarray) -> np.ndarray:
    return np.array([(row - row.mean()) / max(row.std(), 1) for row in small])


def slow_apart(small: np.ndarray, greys: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Directions from the mean of all pictures and of their mirror images."""
    both = np.concatenate([greys, greys[:, :, ::-1]])
    away = slow_evened(small) - slow_evened(slow_reduced(both, size)).mean(0)
    return np.array([row / max(np.sqrt((row**2).sum()), 1e-6) for row in away])


def slow_bits(small: np.ndarray) -> np.ndarray:
    rows = small.reshape(-1, 16, 17)
    return np.stack([rows[:, r, c + 1] > rows[:, r, c] for r in range(16) for c in range(16)], 1)


def slow_candidates(greys: np.ndarray, other: np.ndarray) -> set[tuple[int, int]]:
    levels = [
        (
            slow_apart(slow_reduced(greys, size), greys, size),
            slow_apart(slow_reduced(other, size), greys, size),
        )
        for size in ((8, 8), (16, 17))
    ]
    return {
        (i, j)
        for i, j in product(range(len(greys)), repeat=2)
        if i < j
        and all(one[i] @ two[j] > least for (one, two), least in zip(levels, (0.65, 0.5), strict=True))
    }


def slow_cut_pairs(whole: np.ndarray, cut: np.ndarray, greys: np.ndarray) -> set[tuple[int, int]]:
    """Pairs of which the second, of `cut`, is the first, of `whole`, cut in some way."""
    small = slow_reduced(cut, (16, 17))
    second, bits = slow_apart(small, greys, (16, 17)), slow_bits(small)
    fine = centred(slow_reduced(cut, (24, 24)))
    found = set()
    for rows, columns in product(WAYS, WAYS):
        small = slow_reduced(whole, (16, 17), rows, columns)
        first, own = slow_apart(small, greys, (16, 17)), slow_bits(small)
        alike, own_fine = first @ second.T, centred(slow_reduced(whole, (24, 24), rows, columns))
        for i, j in np.argwhere(alike > 0.85).tolist():
            lengths = [max(np.sqrt((row**2).sum()), 2 * 24) for row in (own_fine[i], fine[j])]
            correlation = own_fine[i] @ fine[j] / (lengths[0] * lengths[1])
            if (own[i] != bits[j]).sum() <= 60 and correlation > 0.91:
                found.add((i, j))
    return found


@pytest.mark.parametrize("cells", [1, 8, 17, 24])
@pytest.mark.parametrize("ends", WAYS)
def test_a_cell_is_the_mean_of_the_pixels_that_it_covers(cells: int, ends: tuple[float, float]) -> None:
    assert area_weights(cells, *ends) == pytest.approx(slow_weights(cells, *ends), abs=1e-6)
    assert area_weights(cells).tolist() == area_weights(cells, 0, 0).tolist()


def test_pictures_are_made_smaller_by_the_block_and_none_has_no_row(greys, monkeypatch) -> None:
    for block in (2048, 7):
        monkeypatch.setattr(picture_copies, "BLOCK", block)
        found = reduced(greys, (16, 17), (0.07, 0.0), (0.0, 0.035))
        assert found == pytest.approx(slow_reduced(greys, (16, 17), (0.07, 0.0), (0.0, 0.035)), abs=1e-3)
        assert found.dtype == np.float32
    assert reduced(greys[:0], (3, 5), WHOLE, WHOLE).shape == (0, 15)


def test_directions_are_away_from_the_mean_and_cells_are_brighter_than_those_before(greys) -> None:
    small, mirror = slow_reduced(greys, (16, 17)), slow_reduced(greys[:, :, ::-1], (16, 17))
    expected = slow_apart(small, greys, (16, 17))
    assert Apart(small, mirror)(small.astype(np.float32)) == pytest.approx(expected, abs=1e-5)
    steps = np.floor(small / 16)  # many cells are as bright as the one before
    assert _brighter(steps).tolist() == slow_bits(steps).tolist()


@pytest.mark.parametrize("mirrored", [False, True])
def test_candidates_are_all_pairs_that_agree_roughly(greys, mirrored: bool, monkeypatch) -> None:
    flipped = np.ascontiguousarray(greys[:, :, ::-1])
    other = flipped if mirrored else greys
    expected = slow_candidates(greys, other)
    assert len(expected) > (10 if mirrored else 20)
    for block, piece in ((2048, 4096), (7, 4096), (2048, 1)):
        monkeypatch.setattr(picture_copies, "BLOCK", block)
        monkeypatch.setattr(picture_copies, "PIECE", piece)
        found = np.concatenate(_candidates(greys, other, flipped)).tolist()
        assert sorted(map(tuple, found)) == sorted(expected)


@pytest.mark.parametrize("mirrored", [False, True])
def test_copies_are_those_that_look_like_the_other_cut_in_some_way(
    greys, mirrored: bool, monkeypatch
) -> None:
    flipped = np.ascontiguousarray(greys[:, :, ::-1])
    other = flipped if mirrored else greys
    there, back = slow_cut_pairs(greys, other, greys), slow_cut_pairs(other, greys, greys)
    apart = Apart(slow_reduced(greys, (16, 17)), slow_reduced(flipped, (16, 17)))
    every = np.argwhere(np.ones((len(greys), len(greys))))
    for piece in (4096, 50):
        monkeypatch.setattr(picture_copies, "PIECE", piece)
        assert set(map(tuple, every[_is_cut_from(greys, other, every, apart)].tolist())) == there
    expected = {pair for pair in slow_candidates(greys, other) if pair in there or pair[::-1] in back}
    found = copied_pairs(greys, mirrored)
    assert set(map(tuple, found.tolist())) == expected and len(found) == len(expected) > 2
    assert found.dtype == np.int64
    # some are found in one of the two directions alone
    assert any((pair in there) != (pair[::-1] in back) for pair in expected)


def test_a_fine_likeness_is_a_correlation_of_cells_and_flat_pictures_have_little(greys) -> None:
    rows, columns = (0.07, 0.0), (0.035, 0.035)
    one, other = slow_reduced(greys, (24, 24), rows, columns), slow_reduced(greys[::-1], (24, 24))
    found = fine_likeness(greys, greys[::-1], rows, columns)
    for place, (a, b) in enumerate(zip(one, other, strict=True)):
        a, b = a - a.mean(), b - b.mean()
        lengths = [max(np.sqrt((row**2).sum()), 48) for row in (a, b)]
        assert found[place] == pytest.approx((a * b).sum() / (lengths[0] * lengths[1]), abs=1e-5)
    assert fine_likeness(greys[-1:], greys[-1:], WHOLE, WHOLE)[0] < 0.1
    assert fine_likeness(greys[:1], greys[:1], WHOLE, WHOLE)[0] == pytest.approx(1)


def test_without_two_pictures_or_without_a_likely_pair_there_is_none(greys) -> None:
    for few in (greys[:0], greys[:1], greys[[0, 2]]):
        for mirrored in (False, True):
            found = copied_pairs(few, mirrored)
            assert found.shape == (0, 2) and found.dtype == np.int64
    assert copied_pairs(greys[[0, 0]]).tolist() == [[0, 1]]
