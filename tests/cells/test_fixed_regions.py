"""Chance by the same regions under other labels, beside labels that are shuffled within persons."""

import numpy as np
import pytest
from scipy.stats import hypergeom

from emocam.cells.fixed_regions import chance_under_other_labels, nearly_every_picture_has_all
from emocam.cells.occurrences import LEFT_OUT, Occurrences
from emocam.functional.statistics.strata_tail import strata_tail


def occurrences(label: np.ndarray, kept: np.ndarray) -> Occurrences:
    """All objects are in all pictures; kept (I, O)."""
    image, object = (part.ravel() for part in np.indices(kept.shape))
    return Occurrences(label, image, object, kept.ravel(), kept.shape[1])


def people(seed: int, images: int = 240) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twelve people, each with labels and habits of their own: kept follows the person, not the label."""
    draw = np.random.default_rng(seed)
    person = draw.integers(0, 12, images)
    label = (person + draw.integers(0, 2, images)) % 4
    habit = draw.random((12, 5))
    return label, draw.random((images, 5)) < habit[person], person


def test_chance_is_how_often_the_same_persons_show_it_under_other_labels() -> None:
    label, kept, person = people(0)
    chance, _ = chance_under_other_labels(occurrences(label, kept), 4, person)
    for object in range(5):
        for of in range(4):
            total = weight = 0.0
            for one in range(12):
                own = (person == one) & (label == of)
                others = (person == one) & (label != of)
                if own.any() and others.any():
                    total += own.sum() * kept[others, object].mean()
                    weight += own.sum()
            assert chance[object, of] == pytest.approx(total / weight)


def test_p_is_that_of_labels_shuffled_within_persons() -> None:
    label, kept, person = people(1)
    _, p = chance_under_other_labels(occurrences(label, kept), 4, person)
    draw, times = np.random.default_rng(5), 4000
    hits = np.zeros((5, 4))
    count = np.stack([kept[label == of].sum(0) for of in range(4)], 1)
    for _ in range(times):
        shuffled = label.copy()
        for one in range(12):
            own = np.flatnonzero(person == one)
            shuffled[own] = label[draw.permutation(own)]
        hits += np.stack([kept[shuffled == of].sum(0) for of in range(4)], 1) >= count
    assert np.abs(p - hits / times).max() < 0.04


def test_habits_of_people_are_no_use() -> None:
    """Labels follow persons and so do maps: by pictures many cells would be called, within persons few are."""
    within, over = [], []
    for seed in range(20):
        label, kept, person = people(seed)
        found = occurrences(label, kept)
        within.append((chance_under_other_labels(found, 4, person)[1] < 0.05).mean())
        over.append((chance_under_other_labels(found, 4, np.arange(240))[1] < 0.05).mean())
    assert np.mean(within) < 0.07 and np.mean(over) > 0.1


def test_without_groups_p_is_the_hypergeometric_tail_and_uncertain_pictures_are_left_out() -> None:
    draw = np.random.default_rng(3)
    label, kept = draw.integers(-1, 3, 90), draw.random((90, 4)) < 0.4
    chance, p = chance_under_other_labels(occurrences(label, kept), 3, np.arange(90))
    sure = label != LEFT_OUT
    for object in range(4):
        for of in range(3):
            own = label == of
            marked = kept[sure, object].sum()
            tail = hypergeom.sf(kept[own, object].sum() - 1, sure.sum(), marked, own.sum())
            assert p[object, of] == pytest.approx(tail, abs=1e-9)
            assert chance[object, of] == pytest.approx(kept[sure & ~own, object].mean())


def test_a_label_that_no_group_shares_has_no_level() -> None:
    label, person = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 0, 0, 1, 1, 2])
    chance, p = chance_under_other_labels(occurrences(label, np.ones((6, 2), bool)), 3, person)
    assert np.isnan(chance[:, 2]).all() and np.isnan(p[:, 2]).all() and (p[:, :2] == 1).all()


def test_many_strata_come_close_to_the_exact_convolution() -> None:
    draw = np.random.default_rng(0)
    of = draw.integers(3, 9, (30, 1))
    marked, drawn = draw.integers(0, of + 1), draw.integers(0, of + 1)
    mass = np.ones(1)
    for n, m, k in zip(of[:, 0], marked[:, 0], drawn[:, 0], strict=True):
        mass = np.convolve(mass, hypergeom.pmf(np.arange(k + 1), n, m, k))
    for count in range(len(mass)):
        exact = mass[count:].sum()
        found = strata_tail(np.array([count]), drawn, marked, of)[0]
        assert found == pytest.approx(exact, abs=0.01)
        if exact < 0.01:
            assert found < 0.02


def test_regions_are_fixed_where_nearly_every_picture_has_all_of_them() -> None:
    images = np.array([4, 3, 0])
    assert nearly_every_picture_has_all(np.array([[4, 3, 0], [0, 0, 0], [4, 3, 0]]), images)
    assert not nearly_every_picture_has_all(np.array([[4, 3, 0], [4, 2, 0]]), images)
    assert not nearly_every_picture_has_all(np.array([[4, 0], [4, 0]]), np.array([4, 0]))  # one label alone
    assert not nearly_every_picture_has_all(np.array([[4, 3]]), np.array([4, 3]))  # one object alone
    cut = np.array([[40, 30], [38, 29]])  # three chins are cut off by the border
    assert nearly_every_picture_has_all(cut, np.array([40, 30]))


def test_a_picture_that_lacks_an_object_is_no_picture_in_which_it_does_not_count() -> None:
    """What the border cuts off leaves chance and p as they are without that picture."""
    label, kept, person = people(2)
    whole = occurrences(label, kept)
    cut = np.zeros(len(label), bool)
    cut[::20] = True
    pairs = ~(cut[whole.image] & (whole.object == 0))
    found = Occurrences(label, whole.image[pairs], whole.object[pairs], whole.kept[pairs], whole.objects)
    without = chance_under_other_labels(occurrences(label[~cut], kept[~cut]), 4, person[~cut])
    for ours, theirs, all_of_them in zip(
        chance_under_other_labels(found, 4, person),
        without,
        chance_under_other_labels(whole, 4, person),
        strict=True,
    ):
        np.testing.assert_allclose(ours[0], theirs[0], atol=1e-12)
        np.testing.assert_allclose(ours[1:], all_of_them[1:], atol=1e-12)
