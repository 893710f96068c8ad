"""Episodes, counted frame by frame."""

import numpy as np

from emocam.functional.statistics.episodes import count_episodes, in_order, time_blocks


def slow_episodes(group: np.ndarray, time: np.ndarray, on: np.ndarray, gap: float) -> int:
    found = 0
    for film in np.unique(group):
        order = np.flatnonzero(group == film)[np.argsort(time[group == film])]
        last = None
        for place, frame in enumerate(order):
            if not on[frame]:
                continue
            if last is None or (time[frame] - time[order[last]] >= gap and place - last > 1):
                found += 1
            last = place
    return found


def test_episodes_are_those_of_a_walk_along_each_film() -> None:
    draw = np.random.default_rng(0)
    group, time = draw.integers(3, size=300), draw.permutation(300) * 7.0
    on = draw.uniform(size=(300, 5)) < [0.02, 0.1, 0.3, 0.9, 0]
    image, marker = np.nonzero(on)
    found = count_episodes(group, time, image, marker, 5, 30)
    assert found.tolist() == [slow_episodes(group, time, on[:, m], 30) for m in range(5)]


def test_pictures_a_minute_apart_that_follow_each_other_are_one_episode() -> None:
    time = np.arange(6) * 60.0
    image = np.array([0, 1, 2, 5])
    assert count_episodes(np.zeros(6, int), time, image, np.zeros(4, int), 1).tolist() == [2]


def test_order_is_group_by_group_in_time() -> None:
    assert in_order(np.array([1, 0, 1, 0]), np.array([5.0, 9, 2, 1])).tolist() == [3, 1, 2, 0]


def test_blocks_begin_anew_with_each_film() -> None:
    group, time = np.array([0, 0, 0, 1, 1]), np.array([100.0, 159, 161, 130, 189])
    block = time_blocks(group, time, 60)
    assert [len(set(block[group == g])) for g in (0, 1)] == [2, 1]
    assert len(set(block)) == 3


def test_what_comes_back_after_thirty_seconds_is_another_episode_where_nobody_says_otherwise() -> None:
    time = np.array([0.0, 10, 20, 30, 59.9, 60, 62])
    film = np.zeros(7, int)

    def episodes(*images: int, **gap: float) -> list[int]:
        found = count_episodes(film, time, np.array(images, int), np.zeros(len(images), int), 2, **gap)
        return found.tolist()

    assert episodes(0, 3) == [2, 0] and episodes(3, 0) == [2, 0]  # thirty seconds are no longer near
    assert episodes(3, 5) == [2, 0] and episodes(3, 6, gap=33) == [1, 0] and episodes(3, 6, gap=32) == [2, 0]
    assert episodes(0, 2) == [1, 0] and episodes(0, 1, gap=1) == [1, 0] and episodes() == [0, 0]


def test_another_film_and_another_marker_begin_anew() -> None:
    group, time = np.array([0, 0, 1, 1]), np.array([0.0, 1, 2, 3])
    image, marker = np.array([0, 1, 2, 3, 0, 3]), np.array([0, 0, 0, 0, 2, 2])
    assert count_episodes(group, time, image, marker, 4).tolist() == [2, 0, 2, 0]


def test_blocks_of_a_minute_are_told_by_the_time_since_their_film_began() -> None:
    dice = np.random.default_rng(1)
    group, time = dice.integers(3, 6, 80), dice.integers(0, 400, 80) + 0.5
    for seconds, found in ((60.0, time_blocks(group, time)), (25.0, time_blocks(group, time, 25))):
        kinds = [
            (int(g), int((t - min(time[group == g])) // seconds)) for g, t in zip(group, time, strict=True)
        ]
        order = sorted(set(kinds))
        assert found.tolist() == [order.index(kind) for kind in kinds]
    assert time_blocks(np.array([0, 0]), np.array([5.0, 65])).tolist() == [0, 1]
    assert time_blocks(np.zeros(0, int), np.zeros(0)).shape == (0,)
