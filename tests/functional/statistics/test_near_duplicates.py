"""Near-duplicates: pairs by comparing each with each, groups by walking from one to the next."""

import networkx
import numpy as np
import pytest
import torch
from PIL import ImageOps

from emocam.data.planted import Planted
from emocam.functional.statistics.near_duplicates import (
    components,
    difference_hash,
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
