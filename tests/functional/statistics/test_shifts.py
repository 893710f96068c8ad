"""Labels moved along a film, one shift after the other."""

import numpy as np
import pytest

from emocam.functional.statistics.episodes import in_order
from emocam.functional.statistics.group_association import Grouped, group_association_p
from emocam.functional.statistics.shifts import SCREEN, Film, one_film, read_films, several_films, shift_p


def film(
    draw: np.random.Generator, frames: int, lasting: int, objects: int, labels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Objects (T, O) and labels (T,) that stay for a while and know nothing of each other."""
    ends = np.cumsum(1 + draw.poisson(lasting, frames))
    label = draw.integers(labels, size=frames)[np.searchsorted(ends, np.arange(frames), side="right")]
    shown = np.zeros((frames, objects), bool)
    for o in range(objects):
        ends = np.cumsum(1 + draw.poisson(lasting, frames))
        shown[:, o] = (draw.uniform(size=frames) < 0.3)[
            np.searchsorted(ends, np.arange(frames), side="right")
        ]
    return shown, label


def pictures(shown: np.ndarray, label: np.ndarray, group: np.ndarray, labels: int) -> Grouped:
    image, object = np.nonzero(shown)
    return Grouped(group, label, image, object, (shown.shape[1], labels))


def test_p_of_one_film_is_the_share_of_all_shifts_whatever_the_order_of_its_frames() -> None:
    draw = np.random.default_rng(0)
    shown, label = film(draw, 97, 5, 4, 3)
    slow = np.array(
        [
            [
                np.mean([(shown[:, o] & (np.roll(label, s) == k)).sum() >= (shown[:, o] & (label == k)).sum()
                         for s in range(97)])
                for k in range(3)
            ]
            for o in range(4)
        ]
    )  # fmt: skip
    mixed = draw.permutation(97)
    ours = shift_p(
        pictures(shown[mixed], label[mixed], np.zeros(97, int), 3), mixed * 2.0, np.ones((4, 3), bool)
    )
    assert np.allclose(ours, slow)


def test_p_of_several_films_is_that_of_shifts_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(1)
    parts = [film(draw, frames, 4, 3, 2) for frames in (40, 55, 30)]
    shown, label = (np.concatenate(part) for part in zip(*parts, strict=True))
    group = np.repeat([0, 1, 2], [40, 55, 30])
    ours = shift_p(pictures(shown, label, group, 2), np.arange(125.0), np.ones((3, 2), bool), 4000)
    slow = np.zeros((3, 2))
    for _ in range(2000):
        moved = np.concatenate([np.roll(y, draw.integers(len(y))) for _, y in parts])
        for o in range(3):
            for k in range(2):
                slow[o, k] += (shown[:, o] & (moved == k)).sum() >= (shown[:, o] & (label == k)).sum()
    screened = 3 * np.sqrt(0.25 / SCREEN)
    assert np.abs(ours - slow / 2000).max() < screened
    monkeypatch.setattr("emocam.functional.statistics.shifts.CHUNK", 1)
    again = shift_p(pictures(shown, label, group, 2), np.arange(125.0), np.ones((3, 2), bool), 4000)
    assert np.array_equal(ours, again)


def test_only_what_is_asked_has_a_p() -> None:
    shown, label = film(np.random.default_rng(2), 50, 3, 2, 2)
    asked = np.array([[True, False], [False, False]])
    p = shift_p(pictures(shown, label, np.zeros(50, int), 2), np.arange(50.0), asked)
    assert np.array_equal(~np.isnan(p), asked)


def test_films_without_relation_hold_the_level_where_frames_do_not() -> None:
    ours, frames = [], []
    for seed in range(60):
        shown, label = film(np.random.default_rng(seed), 600, 25, 6, 3)
        ours.append(
            shift_p(pictures(shown, label, np.zeros(600, int), 3), np.arange(600.0), np.ones((6, 3), bool))
        )
        frames.append(group_association_p(pictures(shown, label, np.arange(600), 3)))
    assert np.mean(np.array(ours) < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(np.array(frames) < 0.05) > 0.2


def test_an_object_that_comes_with_a_label_all_along_is_found() -> None:
    draw = np.random.default_rng(4)
    shown, label = film(draw, 2000, 10, 2, 4)
    shown[:, 0] |= (label == 2) & (draw.uniform(size=2000) < 0.9)
    p = shift_p(pictures(shown, label, np.zeros(2000, int), 4), np.arange(2000.0), np.ones((2, 4), bool))
    assert p[0, 2] <= 2 / 2000
    assert p[1].min() > 1e-3


def test_each_film_has_its_own_frames_and_no_other() -> None:
    shown, label = np.ones((9, 1), bool), np.array([0, 0, 1, 0, 1, 1, 0, 1, 0])
    asked = pictures(shown, label, np.repeat([0, 1, 2], [2, 4, 3]), 2)
    films = read_films(asked, in_order(asked.group, np.arange(9.0)))
    assert [(film.first, film.end) for film in films] == [(0, 2), (2, 6), (6, 9)]


def test_of_several_films_each_p_counts_draws_of_one_shift_a_film() -> None:
    draw = np.random.default_rng(3)
    parts = [film(draw, frames, 3, 4, 2) for frames in (17, 31, 24)]
    shown, label = (np.concatenate(part) for part in zip(*parts, strict=True))
    shown[:, 0] |= label == 1
    shown[:, 3] = (label == 0) & (draw.uniform(size=72) < 0.8)
    group = np.repeat([0, 1, 2], [17, 31, 24])
    ours = shift_p(pictures(shown, label, group, 2), np.arange(72.0), np.ones((4, 2), bool), 400, 8)
    lots = np.random.default_rng(8).integers(0, [17, 31, 24], (400, 3))
    refined = 0
    for o, k in np.ndindex(4, 2):
        starts = zip((0, 17, 48), (17, 31, 24), strict=True)
        together = [
            [int((shown[a : a + n, o] & (np.roll(label[a : a + n], -s) == k)).sum()) for s in range(n)]
            for a, n in starts
        ]
        found = [sum(met[s] for met, s in zip(together, row, strict=True)) for row in lots.tolist()]
        seen = sum(met[0] for met in together)
        p = (1 + sum(one >= seen for one in found[:199])) / 200
        if p <= 0.1:
            refined += 1
            p = (1 + sum(one >= seen for one in found)) / 401
        assert ours[o, k] == pytest.approx(p)
    assert 1 < refined < 8


def test_a_cell_whose_p_is_a_tenth_is_still_promising() -> None:
    together = [np.array([[1.0, 1, 0, 0]]), np.array([[0.0]])]
    lots = np.zeros((1000, 2), int)
    lots[:, 0] = np.where(np.arange(1000) < 19, 1, 2)
    assert several_films(together, lots).tolist() == [20 / 1001]  # 20 of 200 at first
    lots[19, 0] = 1
    assert several_films(together, lots).tolist() == [21 / 200]
    assert several_films([np.zeros((0, 4)), np.zeros((0, 1))], lots).shape == (0,)


def test_all_shifts_of_one_film_count_its_own_and_rounding_does_not_matter() -> None:
    together = np.array([[2.0, 1.9999999, 2.0000001, 1.0], [0, 0, 1, 2], [3, 0, 0, 0]])
    assert one_film(together).tolist() == [0.75, 1, 0.25]


def test_without_frames_there_is_no_p_and_otherwise_the_draws_are_the_same_seeds() -> None:
    nothing = np.zeros(0, int)
    none = shift_p(Grouped(nothing, nothing, nothing, nothing, (3, 2)), np.zeros(0), np.ones((3, 2), bool))
    assert none.shape == (3, 2) and np.isnan(none).all()
    shown, label = film(np.random.default_rng(5), 60, 3, 2, 2)
    shown[:, 0] |= label == 0
    given = pictures(shown, label, np.arange(60) // 30, 2), np.arange(60.0), np.ones((2, 2), bool)
    assert (shift_p(*given) == shift_p(*given, 9999, 0)).all()


def test_only_so_many_objects_are_held_at_once_as_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, label = film(np.random.default_rng(6), 40, 3, 5, 2)
    given = pictures(shown, label, np.zeros(40, int), 2), np.arange(40.0), np.ones((5, 2), bool)
    whole, sizes = shift_p(*given), []

    def together(self: Film, shown: np.ndarray, objects: np.ndarray, labels: np.ndarray) -> np.ndarray:
        sizes.append(len(shown))
        return asked(self, shown, objects, labels)

    asked = Film.together
    monkeypatch.setattr(Film, "together", together)
    for chunk, expected in ((2 * 40 * 2, [2, 2, 1]), (2 * 40 * 2 - 1, [1] * 5), (3, [1] * 5)):
        sizes.clear()
        monkeypatch.setattr("emocam.functional.statistics.shifts.CHUNK", chunk)
        assert (shift_p(*given) == whole).all() and sizes == expected
