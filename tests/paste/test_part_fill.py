"""What takes a part's place: made from what is around, against pictures whose continuation is known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from emocam.paste.part_fill import PART_FILLS, blur_part

SIZE = (37, 50)
HOLE = np.zeros(SIZE, bool)
HOLE[9:26, 14:33] = True


def ramp() -> np.ndarray:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([3 * rows + 40, 4 * columns + 10, 2 * rows + 2 * columns], -1).astype(np.uint8)


def test_a_slope_goes_on_through_the_part_without_an_edge() -> None:
    found = np.asarray(blur_part(Image.fromarray(ramp()), HOLE, ~HOLE), float)
    assert np.array_equal(found[~HOLE], ramp()[~HOLE])
    assert np.abs(found - ramp())[HOLE].max() < 16  # of a range of 196
    across = np.abs(np.diff(found, axis=1))[9:26, 13:33]
    assert across.max() < 14  # the slope itself is 4: no border shows


@given(st.integers(0, 2**32 - 1), st.sampled_from(["blur", "inpaint"]))
def test_nothing_of_the_parts_own_colours_is_left(seed: int, name: str) -> None:
    dice = np.random.default_rng(seed)
    picture = dice.integers(0, 256, (*SIZE, 3), np.uint8)
    other = picture.copy()
    other[HOLE] = dice.integers(0, 256, (HOLE.sum(), 3), np.uint8)
    first, second = (
        np.asarray(PART_FILLS[name](Image.fromarray(shown), HOLE, ~HOLE)) for shown in (picture, other)
    )
    assert np.array_equal(first[HOLE], second[HOLE])


@given(st.integers(0, 2**32 - 1), st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_colours_come_from_the_sources_alone_and_are_between_theirs(seed: int, size: tuple[int, int]) -> None:
    dice = np.random.default_rng(seed)
    sources = dice.random(size) < 0.3
    sources[0, 0] = True
    picture = np.where(sources[..., None], dice.integers(90, 120, (*size, 3)), 255).astype(np.uint8)
    found = np.asarray(blur_part(Image.fromarray(picture), ~sources, sources))
    of_sources = picture[sources]
    assert (found >= of_sources.min(0)).all() and (found <= of_sources.max(0)).all()
