"""What takes a part's place: made from what is around, against pictures whose continuation is known."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("size", [(40, 28), (33, 27), (5, 1), (2, 7)])
def test_blurring_is_pull_and_push_cell_by_cell(size: tuple[int, int]) -> None:
    """The paper's two steps, each cell by itself."""
    generator = np.random.default_rng(3)
    pixels = generator.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    sources = generator.random(size[::-1]) > 0.4
    sources[0, 0] = True
    found = np.asarray(blur_part(Image.fromarray(pixels), ~sources, sources))
    expected = pulled(pixels.astype(np.float64) * sources[..., None], sources.astype(np.float64))
    assert np.abs(found - expected).max() <= 0.501


def pulled(sums: np.ndarray, weight: np.ndarray) -> np.ndarray:
    if weight.size == 1:
        return sums / max(weight.item(), 1e-30)
    height, width = (-(-side // 2) for side in weight.shape)
    fewer, less = np.zeros((height, width, 3)), np.zeros((height, width))
    for row, column in np.ndindex(*weight.shape):
        fewer[row // 2, column // 2] += sums[row, column]
        less[row // 2, column // 2] += weight[row, column]
    most = np.maximum(less, 1)
    coarse = pulled(fewer / most[..., None], less / most)

    def at(row: int, column: int) -> np.ndarray:
        """Three quarters of the nearest cell along each side, a quarter of the next, which is none at an end."""
        rows = {row // 2: 0.75}
        other = min(max(row // 2 + (1 if row % 2 else -1), 0), height - 1)
        rows[other] = rows.get(other, 0) + 0.25
        columns = {column // 2: 0.75}
        other = min(max(column // 2 + (1 if column % 2 else -1), 0), width - 1)
        columns[other] = columns.get(other, 0) + 0.25
        return sum(a * b * coarse[y, x] for y, a in rows.items() for x, b in columns.items())

    filled = np.array(
        [[at(row, column) for column in range(weight.shape[1])] for row in range(weight.shape[0])]
    )
    return sums + (1 - weight[..., None]) * filled
