"""Shuffling labels without shuffling them."""

from itertools import permutations

import numpy as np

from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.permutation import permutation_p


def corpus(
    draw: np.random.Generator, images: int, objects: int, labels: int
) -> tuple[np.ndarray, np.ndarray]:
    """label (N,), and which objects are in each image (N, O), some always together."""
    shown = draw.uniform(size=(images, objects)) < draw.beta(1, 3, objects)
    shown[:, 1] = shown[:, 0]
    return draw.integers(labels, size=images), shown


def counted(label: np.ndarray, shown: np.ndarray, labels: int) -> tuple[np.ndarray, np.ndarray]:
    hot = np.eye(labels, dtype=int)[label]
    return shown.T.astype(int) @ hot, hot.sum(0)


def test_the_same_as_shuffling_labels_over_images() -> None:
    draw = np.random.default_rng(0)
    label, shown = corpus(draw, 40, 6, 3)
    counts, images = counted(label, shown, 3)
    p = permutation_p(counts, images)
    shuffles = 20_000
    hits = sum(counted(draw.permutation(label), shown, 3)[0] >= counts for _ in range(shuffles))
    assert np.abs(p - hits / shuffles).max() < 4 * 0.5 / np.sqrt(shuffles)


def test_what_no_shuffle_can_change_has_no_p() -> None:
    counts, images = np.array([[3, 1, 0], [0, 0, 0]]), np.array([5, 4, 0])
    p = permutation_p(counts, images)
    assert np.isnan(p).tolist() == [[False, False, True]] * 2
    assert (p[1, :2] == 1).all()
    assert np.isnan(permutation_p(np.array([[3]]), np.array([5]))).all()  # one label has all images


def test_an_object_that_makes_its_label_is_found_and_its_p_knows_no_least_shuffle() -> None:
    counts, images = np.array([[200, 0, 0, 0]]), np.array([200] * 4)
    assert 0 < permutation_p(counts, images)[0, 0] < 1e-100


def test_in_one_world_of_twenty_without_any_tie_something_is_found() -> None:
    draw = np.random.default_rng(1)
    found = 0
    for _ in range(300):
        counts, images = counted(*corpus(draw, 120, 15, 5), 5)
        found += bool((false_discoveries(permutation_p(counts, images)) <= 0.05).any())
    assert found / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_every_p_of_few_images_is_the_share_of_all_ways_to_label_them() -> None:
    """Six images of three labels, one of which has a single image: all orders of the labels are listed."""
    label = np.array([0, 0, 0, 1, 1, 2])
    shown = np.array([[1, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 0]], bool).T
    counts, images = counted(label, shown, 3)
    ways = [counted(np.array(way), shown, 3)[0] >= counts for way in permutations(label.tolist())]
    np.testing.assert_allclose(permutation_p(counts, images), np.mean(ways, 0))
