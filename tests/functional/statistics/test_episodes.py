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
