"""A pixel belongs to the smallest region over it unless two boxes dispute it, derived again pixel by pixel."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emocam.effect.parts import PictureRegions, mask_in_frame, paint_raster, pixels_in, raster_size

SIZE = (24, 18)
WHOLE_FRAME = (0, 0, *SIZE)
NAMES = ["person", "face", "ball"]


def regions_of(boxes: list[tuple[str, tuple[float, float, float, float]]]) -> PictureRegions:
    return PictureRegions([name for name, _ in boxes], np.array([box for _, box in boxes]).reshape(-1, 4))


@st.composite
def a_region(draw: st.DrawFn) -> tuple[str, tuple[float, float, float, float]]:
    x0, y0 = draw(st.integers(0, SIZE[0] - 1)), draw(st.integers(0, SIZE[1] - 1))
    x1, y1 = draw(st.integers(x0 + 1, SIZE[0])), draw(st.integers(y0 + 1, SIZE[1]))
    return draw(st.sampled_from(NAMES)), (x0 / SIZE[0], y0 / SIZE[1], x1 / SIZE[0], y1 / SIZE[1])


@given(st.lists(a_region(), max_size=7))
def test_a_pixel_belongs_to_the_smallest_region_over_it_unless_two_boxes_dispute_it(
    boxes: list[tuple[str, tuple[float, float, float, float]]],
) -> None:
    raster = paint_raster(regions_of(boxes), SIZE)
    frames = [(name, *pixels_in(SIZE, box)) for name, box in boxes]
    over_of = [{(x, y) for x in range(f[0], f[2]) for y in range(f[1], f[3])} for _, *f in frames]
    disputed = {name: np.zeros(SIZE[::-1], bool) for name in NAMES}
    for (one, *_), here in zip(frames, over_of, strict=True):
        for (other, *_), there in zip(frames, over_of, strict=True):
            if one != other and len(here & there) < 0.8 * min(len(here), len(there)):
                for x, y in here & there:
                    disputed[one][y, x] = True
    parts = {name: np.zeros(SIZE[::-1], bool) for name in NAMES}
    wholes = {name: np.zeros(SIZE[::-1], bool) for name in NAMES}
    for y in range(SIZE[1]):
        for x in range(SIZE[0]):
            over = [(name, *f) for name, *f in frames if f[0] <= x < f[2] and f[1] <= y < f[3]]
            for name, *_ in over:
                wholes[name][y, x] = True
            if over:
                area = min((f[2] - f[0]) * (f[3] - f[1]) for _, *f in over)
                least = [r for r in over if (r[3] - r[1]) * (r[4] - r[2]) == area]
                for name, *frame in over:  # the very same box belongs to all of its names
                    if tuple(frame) == tuple(least[-1][1:]):
                        parts[name][y, x] = not disputed[name][y, x]
    for name in NAMES:
        found = raster.part(name, WHOLE_FRAME)
        left = parts[name].sum() / max(1, wholes[name].sum())
        if left >= 0.1:
            assert found is not None and np.array_equal(found, parts[name])
        else:
            assert found is None
        whole = raster.whole(name, WHOLE_FRAME)
        assert np.array_equal(whole, wholes[name]) if wholes[name].any() else whole is None


def test_less_than_a_tenth_is_not_tried() -> None:
    outer, inner = (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.95, 1.0)
    raster = paint_raster(regions_of([("person", outer), ("face", inner)]), (100, 100))
    assert raster.part("person", (0, 0, 100, 100)) is None
    face = raster.part("face", (0, 0, 100, 100))
    assert face is not None and face.sum() == 9500
    # of what is seen alone, the share is another
    assert raster.part("person", (50, 0, 100, 100)) is not None


def test_what_stands_where_two_boxes_overlap_is_part_of_neither() -> None:
    """A toothbrush beside a motorcycle, whose boxes overlap by a third of the smaller one."""
    bike, brush = (0, 0, 60, 40), (40, 10, 70, 30)
    regions = regions_of([("ball", tuple(x / 100 for x in bike)), ("face", tuple(x / 100 for x in brush))])
    raster = paint_raster(regions, (100, 100))
    for name, (x0, y0, x1, y1) in (("ball", bike), ("face", brush)):
        alone = np.zeros((100, 100), bool)
        alone[y0:y1, x0:x1] = True
        alone[10:30, 40:60] = False
        assert np.array_equal(raster.part(name, (0, 0, 100, 100)), alone)
    both = raster.part_of([0, 1], (0, 0, 100, 100))
    assert both is not None and both.sum() == 60 * 40 + 10 * 20  # taken away together, nothing is disputed
    assert raster.occupied[10:30, 40:60].all()


def test_a_box_lies_within_another_from_four_fifths_on() -> None:
    for inside, left in ((16, 20 * 20), (15, 5 * 20)):
        boxes = [
            ("person", (0.0, 0.0, 0.6, 0.6)),
            ("ball", (0.6 - inside / 100, 0.2, 0.8 - inside / 100, 0.4)),
        ]
        ball = paint_raster(regions_of(boxes), (100, 100)).part("ball", (0, 0, 100, 100))
        assert ball is not None and ball.sum() == left


def test_outlines_say_whose_a_pixel_is_where_boxes_overlap() -> None:
    boxes = np.array([[0.0, 0.0, 0.6, 0.6], [0.4, 0.4, 0.9, 0.9]])
    masked = PictureRegions(["plate", "spoon"], boxes, np.ones((2, 28, 28), np.float32))
    spoon = paint_raster(masked, (100, 100)).part("spoon", (0, 0, 100, 100))
    assert spoon is not None and spoon.sum() == 50 * 50


def test_names_of_one_box_share_its_pixels() -> None:
    box = (0.25, 0.25, 0.75, 0.75)
    raster = paint_raster(regions_of([("person", box), ("face", box)]), (40, 40))
    for name in ("person", "face"):
        part = raster.part(name, (0, 0, 40, 40))
        assert part is not None and part.sum() == 400


def test_masks_take_the_place_of_boxes_and_give_way_in_the_same_manner() -> None:
    """A disc within a box of its size, and a small square on it."""
    y, x = np.mgrid[:28, :28]
    disc = (((x - 13.5) ** 2 + (y - 13.5) ** 2) < 14**2).astype(np.float32)
    boxes = np.array([[0.0, 0.0, 1.0, 1.0], [0.4, 0.4, 0.6, 0.6]])
    regions = PictureRegions(["plate", "spoon"], boxes, np.stack([disc, np.ones((28, 28), np.float32)]))
    raster = paint_raster(regions, (140, 140))
    plate, spoon = (raster.part(name, (0, 0, 140, 140)) for name in ("plate", "spoon"))
    assert plate is not None and spoon is not None
    assert spoon.sum() == 28 * 28 and not (plate & spoon).any()
    v, u = np.mgrid[:140, :140] + 0.5
    exact = ((u - 70) ** 2 + (v - 70) ** 2 < 70**2) & ~spoon
    assert (plate != exact).mean() < 0.02 and not plate[:15, :15].any()


def test_a_mask_of_nothing_is_its_box() -> None:
    assert mask_in_frame(np.zeros((28, 28)), (0, 0, 10, 10)) is None


def test_large_pictures_have_a_smaller_raster() -> None:
    assert raster_size(4000, 3000) == (256, 192) and raster_size(160, 100) == (160, 100)
    assert raster_size(10_000, 3) == (256, 1)
