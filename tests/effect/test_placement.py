"""A control is as likely to lie at any free place, and at no other."""

from collections import Counter
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from emocam.effect.placement import Pixels, elsewhere, moved_region, overlap, random_shift, shapes
from emocam.functional.dice import Dice

WITHIN = (2, 1, 14, 11)


def box_in(size: int) -> st.SearchStrategy[Pixels]:
    corners = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))
    sides = st.tuples(st.integers(1, 5), st.integers(1, 5))
    return st.builds(lambda at, by: (at[0], at[1], at[0] + by[0], at[1] + by[1]), corners, sides)


def pixels_of(box: Pixels) -> set[tuple[int, int]]:
    return set(product(range(box[0], box[2]), range(box[1], box[3])))


def free_shifts(shape: list[Pixels], taken: list[Pixels]) -> set[tuple[int, int]]:
    """By trying every shift, pixel by pixel."""
    inside = pixels_of(WITHIN)
    covered = set().union(*(pixels_of(box) for box in taken)) if taken else set()
    found = set()
    for x, y in product(range(-16, 17), repeat=2):
        there = set().union(*(pixels_of(moved_region(box, x, y)) for box in shape))
        if there <= inside and not there & covered:
            found.add((x, y))
    return found


@given(st.lists(box_in(12), min_size=1, max_size=3), st.lists(box_in(12), max_size=3), st.integers(0, 99))
def test_a_shift_is_free_and_is_found_where_there_is_one(
    shape: list[Pixels], taken: list[Pixels], seed: int
) -> None:
    shift = random_shift(shape, WITHIN, taken, Dice(seed))
    free = free_shifts(shape, taken)
    assert shift in free if free else shift is None


def test_every_free_place_is_as_likely() -> None:
    shape, taken = [(0, 0, 3, 2)], [(5, 3, 9, 6), (8, 5, 12, 9)]
    free = free_shifts(shape, taken)
    dice = Dice(0)
    throws = 400 * len(free)
    counts = Counter(random_shift(shape, WITHIN, taken, dice) for _ in range(throws))
    assert set(counts) == free
    # chi squared about its degrees of freedom, four standard deviations wide
    spread = sum((counts[place] - 400) ** 2 / 400 for place in free)
    assert abs(spread - len(free)) < 4 * (2 * len(free)) ** 0.5


@given(st.lists(box_in(25), min_size=1, max_size=4), st.integers(0, 99))
def test_controls_are_as_large_and_overlap_neither_the_object_nor_each_other(
    boxes: list[Pixels], seed: int
) -> None:
    placed = elsewhere(boxes, (0, 0, 40, 40), Dice(seed))
    assert placed is not None
    covered = [set().union(*(pixels_of(box) for box in some)) for some in (boxes, placed)]
    assert len(covered[0]) == len(covered[1]) and not covered[0] & covered[1]
    size = Counter((x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes)
    assert size == Counter((x1 - x0, y1 - y0) for x0, y0, x1, y1 in placed)


def test_without_room_there_is_no_control() -> None:
    assert elsewhere([(0, 0, 6, 10)], (0, 0, 10, 10), Dice(0)) is None
    assert elsewhere([(0, 0, 5, 10)], (0, 0, 10, 10), Dice(0)) == [(5, 0, 10, 10)]


def test_boxes_that_overlap_stay_one_shape() -> None:
    boxes = [(0, 0, 2, 2), (4, 4, 9, 9), (1, 1, 3, 3)]
    assert [sorted(shape) for shape in shapes(boxes)] == [[(4, 4, 9, 9)], [(0, 0, 2, 2), (1, 1, 3, 3)]]
    assert not overlap((0, 0, 2, 2), (2, 0, 4, 2))
