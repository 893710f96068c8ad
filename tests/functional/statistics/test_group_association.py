"""Pictures that come in groups: the parts by slow loops, the level by worlds without relation."""

import numpy as np
import pytest
from scipy import sparse

from emocam.functional.statistics.false_discovery import false_discoveries
from emocam.functional.statistics.group_association import (
    FEWEST,
    Grouped,
    _evidence,
    _group_shares,
    correlation,
    group_association_p,
    inflation,
)
from emocam.functional.statistics.permutation import permutation_p
from emocam.functional.statistics.tail_probability import hypergeometric_tail, skewed_tail


def grouped(shown: np.ndarray, label: np.ndarray, group: np.ndarray, labels: int) -> Grouped:
    image, object = np.nonzero(shown)
    return Grouped(group, label, image, object, (shown.shape[1], labels))


def slow_p(shown: np.ndarray, label: np.ndarray, group: np.ndarray, labels: int) -> np.ndarray:
    """The same p (O, L), a cell and a group at a time."""
    names, objects = np.unique(group), shown.shape[1]
    groups = len(names)
    squares, null, evidence, squared, parts, skew = (np.zeros((objects, labels)) for _ in range(6))
    for o in range(objects):
        for k in range(labels):
            x, y = shown[:, o].astype(float), (label == k).astype(float)
            mx, my = (np.mean([v[group == g].mean() for g in names]) for v in (x, y))
            alike = 1.0
            for v, m in ((x, mx), (y, my)):
                pairs = []
                for g in names:
                    d = v[group == g] - m
                    n = len(d)
                    if n > 1:
                        pairs.append(
                            sum(d[i] * d[j] for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
                        )
                alike *= np.clip(np.mean(pairs) / (m * (1 - m)), 0, 1) if pairs else 0
            for g in names:
                s = np.mean((x[group == g] - mx) * (y[group == g] - my))
                n = (group == g).sum()
                worth = 1 / n + (1 - 1 / n) * alike
                evidence[o, k] += s
                squares[o, k] += s**2
                parts[o, k] += worth
                squared[o, k] += worth**2
                null[o, k] += mx * (1 - mx) * my * (1 - my) * worth
                skew[o, k] += mx * (1 - mx) * (1 - 2 * mx) * my * (1 - my) * (1 - 2 * my) * worth**2
    varies = (squares - evidence**2 / groups) * groups / (groups - 1)
    larger = np.maximum(
        varies.sum(1, keepdims=True) / null.sum(1, keepdims=True), varies.sum(0) / null.sum(0)
    )
    most = groups * null / parts  # of a single picture in each group
    deviation = np.sqrt(np.minimum(null * np.maximum(1, larger), most) * groups / (groups - 1))
    skew = skew * groups**2 / ((groups - 1) * (groups - 2)) / deviation**3
    p = skewed_tail((evidence - squared / parts / 2) / deviation, skew)
    return np.maximum(p, 2.0**-groups)


def test_p_is_that_of_groups_looked_at_one_by_one() -> None:
    draw = np.random.default_rng(0)
    group = np.repeat(np.arange(16), draw.integers(1, 6, 16))
    label, shown = (
        draw.integers(3, size=len(group)),
        draw.uniform(size=(len(group), 4)) < [0.1, 0.3, 0.5, 0.9],
    )
    ours = group_association_p(grouped(shown, label, group, 3))
    assert np.allclose(ours, slow_p(shown, label, group, 3))


def related_pictures(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """500 pictures (label, shown) in which object 0 goes with label 2."""
    draw = np.random.default_rng(seed)
    label, shown = draw.integers(4, size=500), draw.uniform(size=(500, 30)) < draw.uniform(0.05, 0.5, 30)
    shown[:, 0] |= (label == 2) & (draw.uniform(size=500) < 0.4)
    return label, shown


def by_pictures(label: np.ndarray, shown: np.ndarray) -> np.ndarray:
    hot = np.eye(4, dtype=int)[label]
    return permutation_p(shown.T.astype(int) @ hot, hot.sum(0))


def test_of_pictures_by_themselves_it_is_the_permutation_test() -> None:
    label, shown = related_pictures(1)
    ours = group_association_p(grouped(shown, label, np.arange(500), 4))
    assert np.allclose(ours, by_pictures(label, shown))
    assert ours[0, 2] < 1e-3


def test_a_few_pairs_of_copies_cost_no_more_than_their_second_pictures() -> None:
    label, shown = related_pictures(2)
    twice = np.r_[:500, :5]
    ours = group_association_p(grouped(shown[twice], label[twice], twice, 4))
    once = by_pictures(label, shown)
    likely = once > 1e-6
    assert np.abs(np.log10(ours[likely] / once[likely])).max() < 0.1


def test_copies_are_alike_and_pictures_drawn_by_themselves_are_not() -> None:
    draw = np.random.default_rng(2)
    size = np.full(400, 5)
    copies = np.repeat(draw.uniform(size=(400, 1, 1)) < 0.3, 5, 1)
    alone = draw.uniform(size=(400, 5, 1)) < 0.3
    shares = np.concatenate([copies, alone], 2).mean(1)
    found = correlation(sparse.csc_array(shares), size, shares.mean(0))
    assert found[0] == pytest.approx(1, abs=0.01)
    assert found[1] < 0.08


def test_what_groups_say_together_is_never_taken_for_less_than_it_varies() -> None:
    null = np.ones((2, 3))
    assert (inflation(null / 2, null) == 1).all()
    assert (inflation(0 * null, 0 * null) == 1).all()  # what cannot vary varies as it should
    assert np.allclose(inflation(np.array([[3.0, 3, 3], [1, 1, 1]]), null), [[3, 3, 3], [2, 2, 2]])


def test_fewer_than_twelve_groups_have_no_p() -> None:
    label, shown = np.tile([0, 1], 55), np.tile([[True], [False]], (55, 1))
    eleven = group_association_p(grouped(shown, label, np.arange(110) % (FEWEST - 1), 2))
    twelve = group_association_p(grouped(shown, label, np.arange(110) // 2 % FEWEST, 2))
    assert np.isnan(eleven).all()
    assert twelve[0, 0] >= 2.0**-FEWEST


def world(draw: np.random.Generator, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Objects and labels that know nothing of each other, in groups of copies, a tenth of them otherwise."""
    label, shown = (
        draw.integers(6, size=len(sizes)),
        draw.uniform(size=(len(sizes), 20)) < draw.uniform(0.02, 0.5, 20),
    )
    group = np.repeat(np.arange(len(sizes)), sizes)
    anew = draw.uniform(size=(len(group), 21)) < 0.1
    other = draw.integers(len(sizes), size=(len(group), 21))
    shown_here = np.where(anew[:, :20], np.take_along_axis(shown, other[:, :20], 0), shown[group])
    return shown_here, np.where(anew[:, 20], label[other[:, 20]], label[group]), group


@pytest.mark.parametrize(
    "sizes",
    [np.full(80, 5), np.full(20, 20), np.r_[200, np.ones(200, int)], np.r_[150, np.full(25, 10)]],
    ids=["copies of 5", "copies of 20", "one group is half", "one group is a third"],
)
def test_hardly_any_corpus_without_relation_has_a_discovery(sizes: np.ndarray) -> None:
    small, corpora = [], 0
    for seed in range(40):
        shown, label, group = world(np.random.default_rng(seed), sizes)
        p = group_association_p(grouped(shown, label, group, 6))
        small.append(np.nanmean(p < 0.05))
        corpora += bool((false_discoveries(p) < 0.05).any())
    assert np.mean(small) < 0.055
    assert corpora <= 4


def test_what_goes_together_within_people_is_found() -> None:
    """Every person shows every label: only the pictures themselves tell."""
    draw = np.random.default_rng(3)
    group, label = np.repeat(np.arange(20), 18), np.tile(np.repeat(np.arange(6), 3), 20)
    shown = draw.uniform(size=(360, 3)) < 0.3
    shown[:, 0] |= (label == 1) & (draw.uniform(size=360) < 0.8)
    p = group_association_p(grouped(shown, label, group, 6))
    assert p[0, 1] < 1e-4
    assert (np.delete(p.ravel(), 1) > 1e-3).all()


def test_squares_of_the_evidence_are_those_of_groups_looked_at_one_by_one() -> None:
    draw = np.random.default_rng(5)
    group = np.repeat(np.arange(14), draw.integers(1, 7, 14))
    label, shown = (
        draw.integers(3, size=len(group)),
        draw.uniform(size=(len(group), 4)) < [0.1, 0.3, 0.6, 0.9],
    )
    size = np.bincount(group)
    shares = _group_shares(grouped(shown, label, group, 3), group, 1 / size)
    x = np.array([shown[group == g].mean(0) for g in range(14)])
    y = np.array([[(label[group == g] == k).mean() for k in range(3)] for g in range(14)])
    mean_x, mean_y = x.mean(0)[:, None], y.mean(0)
    evidence, squares = _evidence(shares, mean_x, mean_y)
    for o in range(4):
        for k in range(3):
            of_group = [
                np.mean((shown[group == g, o] - mean_x[o, 0]) * ((label[group == g] == k) - mean_y[k]))
                for g in range(14)
            ]
            assert evidence[o, k] == pytest.approx(sum(of_group))
            assert squares[o, k] == pytest.approx(sum(one**2 for one in of_group))


def slow_count_p(
    shown: np.ndarray, label: np.ndarray, group: np.ndarray, o: int, k: int, larger: float
) -> float:
    """The p of one cell where hardly two pictures belong together: by a count of pictures that are alone."""
    names = np.unique(group)
    groups, x, y = len(names), shown[:, o].astype(float), (label == k).astype(float)
    mx, my = (np.mean([v[group == g].mean() for g in names]) for v in (x, y))
    alike = 1.0
    for v, m in ((x, mx), (y, my)):
        pairs = [np.prod(v[group == g] - m) for g in names if (group == g).sum() == 2]
        alike *= np.clip(np.mean(pairs) / (m * (1 - m)), 0, 1)
    size = [int((group == g).sum()) for g in names]
    parts, squared = (sum((1 / n + (1 - 1 / n) * alike) ** power for n in size) for power in (1, 2))
    evidence = sum(np.mean((x[group == g] - mx) * (y[group == g] - my)) for g in names)
    one = mx * (1 - mx) * my * (1 - my)
    null = min(one * parts * larger, one * groups)
    worth = parts**3 / squared**2 / (null / (one * parts))
    drawn, marked = worth * mx, worth * my
    together = drawn * my + evidence / np.sqrt(null) * np.sqrt(worth * one)
    if together > min(drawn, marked) * (1 + 1e-9):
        deviation = np.sqrt(null * groups / (groups - 1))
        third = one * (1 - 2 * mx) * (1 - 2 * my) * squared * groups**2 / ((groups - 1) * (groups - 2))
        z = (evidence - squared / parts / 2) / deviation
        return float(skewed_tail(np.array(z), np.array(third / deviation**3)))
    return float(hypergeometric_tail(*(np.array(one) for one in (together, drawn, marked, worth))))


def lone_pictures(singles: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures alone and ten in pairs, of which some are alike: shown, label and group."""
    draw = np.random.default_rng(11)
    group = np.r_[np.arange(singles), np.repeat(np.arange(singles, singles + 5), 2)]
    label, shown = (
        draw.integers(3, size=singles + 10),
        draw.uniform(size=(singles + 10, 4)) < [0.1, 0.3, 0.5, 0.8],
    )
    label[-6:-1:2], shown[-6:-1:2] = label[-5::2], shown[-5::2]
    shown[:, 1] |= (label == 1) & (draw.uniform(size=singles + 10) < 0.5)
    shown[:, 2] = label == 2
    return shown, label, group


@pytest.mark.parametrize(("singles", "counted"), [(89, False), (90, True), (140, True)])
def test_where_nine_in_ten_pictures_are_alone_p_is_that_of_a_count(singles: int, counted: bool) -> None:
    shown, label, group = lone_pictures(singles)
    ours = group_association_p(grouped(shown, label, group, 3))
    larger = inflations(shown, label, group)
    expected = [[slow_count_p(shown, label, group, o, k, larger[o, k]) for k in range(3)] for o in range(4)]
    if not counted:
        expected = slow_p(shown, label, group, 3)
    assert ours == pytest.approx(np.maximum(expected, 2.0 ** -len(np.unique(group))), rel=1e-6)


def inflations(shown: np.ndarray, label: np.ndarray, group: np.ndarray) -> np.ndarray:
    """By how much each cell's evidence varies more than it should, from the groups one by one."""
    names = np.unique(group)
    groups = len(names)
    varies, null = np.zeros((4, 3)), np.zeros((4, 3))
    for o, k in np.ndindex(4, 3):
        x, y = shown[:, o].astype(float), (label == k).astype(float)
        mx, my = (np.mean([v[group == g].mean() for g in names]) for v in (x, y))
        each = [np.mean((x[group == g] - mx) * (y[group == g] - my)) for g in names]
        varies[o, k] = np.var(each, ddof=1) * groups
        alike = 1.0
        for v, m in ((x, mx), (y, my)):
            pairs = [np.prod(v[group == g] - m) for g in names if (group == g).sum() == 2]
            alike *= np.clip(np.mean(pairs) / (m * (1 - m)), 0, 1)
        for g in names:
            n = (group == g).sum()
            null[o, k] += mx * (1 - mx) * my * (1 - my) * (1 / n + (1 - 1 / n) * alike)
    rows, columns = varies.sum(1) / null.sum(1), varies.sum(0) / null.sum(0)
    return np.array([[max(1, rows[o], columns[k]) for k in range(3)] for o in range(4)])


def test_objects_of_none_or_all_and_labels_of_none_or_all_have_no_p() -> None:
    draw = np.random.default_rng(3)
    shown = draw.uniform(size=(60, 4)) < [0, 1.1, 0.5, 0.3]
    for group in (np.arange(60), np.arange(60) // 3):
        with np.errstate(all="raise"):
            found = group_association_p(grouped(shown, np.arange(60) % 2, group, 3))
        assert np.isfinite(found).tolist() == [[False] * 3] * 2 + [[True, True, False]] * 2
        assert np.isnan(group_association_p(grouped(shown, np.zeros(60, int), group, 1))).all()


def test_pictures_that_are_all_alone_are_not_alike_and_nor_is_what_never_varies() -> None:
    shares = sparse.csc_array(np.array([[1.0, 0, 1], [0, 0, 1], [0.5, 0, 1]]))
    assert correlation(shares, np.ones(3, int), np.array([0.5, 0, 1])).tolist() == [0, 0, 0]
    found = correlation(shares, np.array([1, 3, 2]), np.array([0.5, 0, 1]))
    # about one half: three at -.5 give .25 each pair, one of each kind -.25
    assert found.tolist() == [0, 0, 0]
    found = correlation(shares, np.array([1, 3, 4]), np.array([0.5, 0, 1]))
    assert found[0] == pytest.approx((1 - 1 / 3) / 2)  # two of four pairs alike, four not: -1/3
