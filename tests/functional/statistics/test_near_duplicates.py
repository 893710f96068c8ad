"""Near-duplicates: pairs by comparing each with each, groups by walking from one to the next."""

import networkx
import numpy as np
import pytest
import torch
from PIL import ImageOps

from emocam.data.planted import Planted
from emocam.functional.statistics.near_duplicates import (
    common_likeness,
    components,
    difference_hash,
    likeness,
    mirrored_pairs,
    near_between,
    near_thumbnails,
)
from emocam.functional.thumbnail import thumbnail


def test_hash_says_where_a_picture_grows_brighter() -> None:
    grey = np.zeros((2, 16, 17))
    grey[0] = np.arange(17)
    grey[1, 3, 5:] = 1
    bits = np.unpackbits(difference_hash(grey), axis=-1)
    assert bits.sum(1).tolist() == [256, 1]
    assert bits[1].reshape(16, 16)[3, 4] == 1


def thumbnails_of(bits: np.ndarray) -> np.ndarray:
    """Thumbnails (N, 16, 17) whose hashes are these (N, 32): each step to the right goes up or down by one."""
    steps = 2 * np.unpackbits(bits, axis=-1).reshape(-1, 16, 16).astype(int) - 1
    thumbnails = 128 + np.pad(steps.cumsum(-1), ((0, 0), (0, 0), (1, 0)))
    assert np.array_equal(difference_hash(thumbnails), bits)
    return thumbnails.astype(np.uint8)


def test_pairs_are_those_of_comparing_each_with_each_in_blocks_of_any_size() -> None:
    draw = np.random.default_rng(0)
    bits = draw.integers(0, 256, (40, 32)).astype(np.uint8)
    bits[7] = bits[3]
    bits[20] = bits[3] ^ np.packbits(np.arange(256) < 60)
    bits[21] = bits[5] ^ np.packbits(np.arange(256) < 61)
    far = (np.unpackbits(bits, axis=1)[:, None] != np.unpackbits(bits, axis=1)[None]).sum(-1)
    slow = {(i, j) for i in range(40) for j in range(i + 1, 40) if far[i, j] <= 60}
    assert slow == {(3, 7), (3, 20), (7, 20)}
    for block in (7, 40, 100):
        found = near_thumbnails(thumbnails_of(bits), cosine=-2, block=block, standing_out=False)
        assert {tuple(pair) for pair in found} == slow


def test_groups_are_what_pairs_join_directly_or_not() -> None:
    draw = np.random.default_rng(2)
    pairs = draw.integers(0, 50, (30, 2))
    graph = networkx.Graph()
    graph.add_nodes_from(range(50))
    graph.add_edges_from(pairs.tolist())
    group = components(pairs, 50)
    parts = {frozenset(np.flatnonzero(group == g).tolist()) for g in range(group.max() + 1)}
    assert parts == {frozenset(part) for part in networkx.connected_components(graph)}
    assert [int(np.flatnonzero(group == g)[0]) for g in range(group.max() + 1)] == sorted(
        int(np.flatnonzero(group == g)[0]) for g in range(group.max() + 1)
    )


@pytest.mark.parametrize("images", [0, 1])
def test_hardly_any_picture_has_no_pair(images: int) -> None:
    assert components(np.zeros((0, 2), int), images).tolist() == list(range(images))


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.filterwarnings("error")
def test_without_two_pictures_there_is_no_pair(count: int) -> None:
    assert near_thumbnails(np.zeros((count, 16, 17), np.uint8)).shape == (0, 2)


def test_thumbnails_that_are_built_alike_are_not_near_but_takes_of_one_are() -> None:
    """A bright disc before white, its middle otherwise in each: their hashes alone are all near."""
    draw = np.random.default_rng(3)
    common = np.full((40, 16, 17), 250) - 100 * (np.hypot(*np.mgrid[-8:8, -8:9]) < 6)
    pictures = common + np.kron(draw.normal(0, 10, (40, 4, 4)), np.ones((4, 5)))[:, :16, :17]
    pictures[7] = pictures[3] - 12
    pictures[9] = pictures[5, :, ::-1]
    small = pictures.clip(0, 255).astype(np.uint8)
    assert len(near_thumbnails(small, cosine=-2)) > 100
    for block in (6, 100):
        assert near_thumbnails(small, block=block).tolist() == [[3, 7]]
        assert [5, 9] in mirrored_pairs(small, block=block).tolist()


def test_of_very_many_pictures_those_near_in_the_listing_are_compared() -> None:
    draw = np.random.default_rng(4)
    small = draw.integers(0, 256, (60, 16, 17)).astype(np.uint8)
    small[1], small[59] = small[0], small[0]
    assert near_thumbnails(small, block=4).tolist() == [[0, 1], [0, 59], [1, 59]]
    assert near_thumbnails(small, block=4, most=30).tolist() == [[0, 1]]


def test_faces_that_are_aligned_alike_are_not_near_but_their_copies_are() -> None:
    """A hash and the mean of all do not tell faces apart; half the size and a mirror are no other face."""
    world = Planted(world="faces", images=120)
    faces = [world.open(path).image.convert("RGB") for path in world.paths()]
    faces += [faces[5].resize((80, 80)), ImageOps.mirror(faces[9])]
    small = np.stack([thumbnail(torch.from_numpy(np.array(face)).permute(2, 0, 1)).numpy() for face in faces])
    assert len(near_thumbnails(small, standing_out=False)) > 5
    assert near_thumbnails(small).tolist() == [[5, 120]]
    mirrored = mirrored_pairs(small)
    assert [9, 121] in mirrored.tolist() and len(mirrored) < 3


def test_pairs_of_two_sets_are_those_across_them_among_all() -> None:
    draw = np.random.default_rng(0)
    bits = draw.integers(0, 256, (30, 32)).astype(np.uint8)
    bits[22], bits[25], bits[28] = bits[0], bits[3], bits[11] ^ np.packbits(np.arange(256) < 50)
    both = thumbnails_of(bits)
    for cosine in (-2, 0.0, 0.3):
        among = near_thumbnails(both, cosine=cosine, standing_out=False)
        across = {(i, j - 20) for i, j in among.tolist() if i < 20 <= j}
        assert across >= {(0, 2), (3, 5)}
        for block in (7, 100):
            found = near_between(both[:20], both[20:], cosine=cosine, block=block)
            assert {tuple(pair) for pair in found.tolist()} == across
    assert not len(near_between(both[:0], both))


@pytest.fixture(scope="module")
def graded() -> np.ndarray:
    """Thumbnails (N, 16, 17) that are alike in all degrees, mirrored ones and flat ones among them."""
    dice = np.random.default_rng(8)

    def smooth() -> np.ndarray:
        rows = [np.interp(np.linspace(0, 3, 17), np.arange(4), row) for row in dice.normal(0, 35, (4, 4))]
        return np.array([np.interp(np.linspace(0, 3, 16), np.arange(4), row) for row in np.transpose(rows)]).T

    whole = [smooth() for _ in range(6)]
    blends = [
        share * whole[k % 6] + (1 - share) * whole[(k + 1) % 6]
        for k, share in enumerate(np.linspace(0.5, 1, 24))
    ]
    noisy = [whole[k % 6] + dice.normal(0, noise, (16, 17)) for k, noise in enumerate(np.linspace(1, 30, 14))]
    mirrored = [one[:, ::-1] for one in (*noisy[:6], *blends[10:])]
    common = smooth()  # is in all of them, also mirrored
    small = (
        np.stack([*whole, *blends, *noisy, *mirrored, np.zeros((16, 17))]) + (common + common[:, ::-1]) / 4
    )
    return (small + 128).clip(0, 255).astype(np.uint8)


def slow_directions(small: np.ndarray) -> np.ndarray:
    rows = [one.ravel() - one.mean() for one in small.astype(float)]
    rows = [row / max(row.std(), 1) for row in rows]
    mean = np.mean(rows, 0)
    return np.array([(row - mean) / max(np.linalg.norm(row - mean), 1e-6) for row in rows])


def slow_hashes(small: np.ndarray) -> np.ndarray:
    return np.stack([small[:, r, c + 1] > small[:, r, c] for r in range(16) for c in range(16)], 1)


def slow_correlation(one: np.ndarray, other: np.ndarray) -> float:
    a, b = (values.astype(float).ravel() - values.mean() for values in (one, other))
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-6))


def slow_common(small: np.ndarray) -> float:
    lots = np.random.default_rng(0).integers(0, len(small), (20_000, 2)).tolist()
    known = {
        (i, j): slow_correlation(small[i], small[j]) for i in range(len(small)) for j in range(len(small))
    }
    usual = [np.arctanh(min(max(known[i, j], -0.999999), 0.999999)) for i, j in lots if i != j]
    low, middle = np.percentile(usual, 15.87), np.median(usual)
    return float(min(np.tanh(middle + 4 * (middle - low)), 0.97))


@pytest.mark.parametrize("distance", [60, 110])
@pytest.mark.parametrize("mirrored", [False, True])
def test_near_ones_are_near_by_hash_by_pixels_and_beyond_what_is_usual(graded, distance, mirrored) -> None:
    other = graded[:, :, ::-1] if mirrored else graded
    both = slow_directions(np.concatenate([graded, other]) if mirrored else graded)
    cosines = both[: len(graded)] @ both[-len(graded) :].T
    far = (slow_hashes(graded)[:, None] != slow_hashes(other)[None]).sum(-1)
    usual, expected, standing = slow_common(graded), [], []
    for i in range(len(graded)):
        for j in range(i + 1, len(graded)):
            if far[i, j] <= distance and cosines[i, j] > 0.85:
                expected.append((i, j))
                if slow_correlation(graded[i], other[j]) > usual:
                    standing.append((i, j))
    assert 3 < len(standing) < len(expected) + (distance == 60)
    for block in (9, 2048):
        if mirrored:
            found = mirrored_pairs(graded, distance, block=block)
        else:
            found = near_thumbnails(graded, distance, block=block)
            every = near_thumbnails(graded, distance, block=block, standing_out=False)
            assert sorted(map(tuple, every.tolist())) == expected
        assert sorted(map(tuple, found.tolist())) == standing
    if distance == 60:
        told = mirrored_pairs(graded) if mirrored else near_thumbnails(graded)
        assert sorted(map(tuple, told.tolist())) == standing


def test_what_is_usual_is_told_by_the_less_alike_half_of_pairs_drawn_by_lot(graded) -> None:
    dice = np.random.default_rng(9)
    alike = 100 + dice.normal(0, 30, (16, 17)) + dice.normal(0, 12, (12, 16, 17))
    unlike = 100 + dice.normal(0, 30, (12, 16, 17))
    for small in (
        graded,
        alike.clip(0, 255).astype(np.uint8),
        unlike.clip(0, 255).astype(np.uint8),
        graded[:2],
    ):
        assert common_likeness(small) == pytest.approx(slow_common(small), abs=1e-5)
    assert common_likeness(graded[:1]) == -1 and common_likeness(np.repeat(graded[:1], 5, 0)) == 0.97


def test_likeness_is_a_correlation_of_the_pixels_of_each_pair(graded) -> None:
    last = len(graded) - 1
    flat = np.concatenate([graded, np.full((1, 16, 17), 7, np.uint8)])
    pairs = np.array([[0, 6], [3, 3], [9, 30], [last, 2], [last + 1, 0]])
    for mirrored in (False, True):
        expected = [
            slow_correlation(flat[i], flat[j, :, ::-1] if mirrored else flat[j]) for i, j in pairs.tolist()
        ]
        assert likeness(flat, pairs, mirrored) == pytest.approx(expected, abs=1e-5)
    assert likeness(flat, pairs).tolist() == likeness(flat, pairs, False).tolist()
    assert likeness(flat, pairs)[1] == pytest.approx(1) and likeness(flat, pairs)[-1] == 0


def test_of_more_than_the_most_those_are_compared_that_take_as_long_as_the_most_would() -> None:
    small = np.repeat(np.random.default_rng(1).integers(0, 256, (1, 16, 17)).astype(np.uint8), 12, 0)

    def compared(most: int, block: int) -> set[tuple[int, int]]:
        found = near_thumbnails(small, cosine=-2, block=block, most=most, standing_out=False)
        return set(map(tuple, found.tolist()))

    every = {(i, j) for i in range(12) for j in range(i + 1, 12)}
    assert compared(12, 1) == compared(12, 5) == compared(11, 12) == every
    assert compared(11, 1) == {(i, j) for i, j in every if j - i < 10}  # 121 // 12
    assert compared(6, 1) == {(i, j) for i, j in every if j - i < 3}  # 36 // 12
    # a block of five is compared with itself at least, and with the next that begins within reach
    assert compared(6, 5) == {(i, j) for i, j in every if i // 5 == j // 5}
    assert compared(9, 5) == {(i, j) for i, j in every if j // 5 - i // 5 < 2}


def test_pairs_of_two_sets_are_near_by_hash_and_by_pixels_in_blocks_of_any_size(graded) -> None:
    noise = np.random.default_rng(2).normal(size=(20, 16, 17)) * np.linspace(0, 12, 20)[:, None, None]
    again = (graded[:40:2] + noise).clip(0, 255).astype(np.uint8)
    one, other = graded[::2], np.concatenate([graded[1::2], again])
    both = slow_directions(np.concatenate([one, other]))
    cosines = both[: len(one)] @ both[len(one) :].T
    far = (slow_hashes(one)[:, None] != slow_hashes(other)[None]).sum(-1)
    for cosine in (0.97, 0.9, 0.3):
        expected = {tuple(pair) for pair in np.argwhere((cosines > cosine) & (far <= 60)).tolist()}
        for block in (7, 2048):
            found = near_between(one, other, cosine, block)
            assert set(map(tuple, found.tolist())) == expected and len(found) == len(expected)
        assert len(expected) > 3
    told = {tuple(pair) for pair in np.argwhere((cosines > 0.97) & (far <= 60)).tolist()}
    assert set(map(tuple, near_between(one, other).tolist())) == told
    assert near_between(one[:0], other).shape == near_between(one, other[:0]).shape == (0, 2)


def test_a_picture_that_is_its_own_mirror_image_is_no_pair(graded) -> None:
    even = np.concatenate([graded[:1, :, :8], graded[:1, :, :9][..., ::-1]], axis=2)
    assert (even == even[..., ::-1]).all()
    found = mirrored_pairs(np.concatenate([even, graded[1:], even]))
    assert (found[:, 0] < found[:, 1]).all() and [0, len(graded)] in found.tolist()
