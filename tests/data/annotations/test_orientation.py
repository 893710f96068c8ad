"""Boxes and masks land where the object is, whichever way round the annotators saw it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emocam.data.annotations.masks import Polygons
from emocam.data.annotations.orientation import cut_at_border, turn_masks, upright_regions
from emocam.data.annotations.records import Regions
from emocam.data.image_file import Refused


def drawn_on(image: Image.Image, box, declared: bool, pixels: bool) -> Regions:
    scale = (1, 1, 1, 1) if pixels else (*image.size, *image.size)
    boxes = np.array([box], float) / scale
    return Regions(boxes, np.zeros(1, np.int64), image.size if declared else None, pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pixels", [False, True])
def test_boxes_made_after_turning_stay(pictures, orientation: int, pixels: bool) -> None:
    regions = drawn_on(pictures.upright_picture(), pictures.SQUARE, True, pixels)
    boxes, _, _ = upright_regions(regions, pictures.SIZE, orientation)
    np.testing.assert_allclose(boxes[0] * (*pictures.SIZE, *pictures.SIZE), pictures.SQUARE, atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pixels", [False, True])
@pytest.mark.parametrize("declared", [False, True])
def test_boxes_made_before_turning_turn_with_the_picture(pictures, orientation, pixels, declared) -> None:
    stored = pictures.stored_picture(orientation)
    regions = drawn_on(stored, pictures.red_box(stored), declared, pixels)
    # a size tells only where the picture lies on its side
    told = "auto" if orientation in (5, 6, 7, 8) and declared else "stored"
    boxes, _, _ = upright_regions(regions, pictures.SIZE, orientation, told)
    np.testing.assert_allclose(boxes[0] * (*pictures.SIZE, *pictures.SIZE), pictures.SQUARE, atol=1)


def test_a_picture_scaled_since_is_still_the_same(pictures) -> None:
    regions = Regions(np.array([[0.1, 0.2, 0.3, 0.4]]), np.zeros(1, np.int64), (960, 641))
    boxes, _, _ = upright_regions(regions, pictures.SIZE, 1)
    np.testing.assert_allclose(boxes, [[0.1, 0.2, 0.3, 0.4]], atol=1e-6)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_annotations_of_another_picture_are_refused(orientation: int) -> None:
    regions = Regions(np.array([[0.1, 0.2, 0.3, 0.4]]), np.zeros(1, np.int64), (100, 100))
    with pytest.raises(Refused, match="has 96 x 64 pixels, but its annotations were made on 100 x 100"):
        upright_regions(regions, (96, 64), orientation)


def test_boxes_are_cut_at_the_border_and_what_is_outside_goes() -> None:
    boxes = np.array(
        [[-0.5, 0.2, 0.5, 2], [1.1, 0, 1.3, 1], [0, -9, 1, -8], [-1, -1, 2, np.inf], [0.2, 0.3, 0.2, 0.3]]
    )
    clipped, kept = cut_at_border(boxes)
    assert kept.tolist() == [True, False, False, True, True]
    assert clipped[kept].tolist() == [[0, 0.2, 0.5, 1], [0, 0, 1, 1], [0.2, 0.3, 0.2, 0.3]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_turn_as_pillow_turns_pictures(pictures, orientation: int) -> None:
    mask = Image.new("L", (28, 28))
    ImageDraw.Draw(mask).polygon([(2, 3), (20, 5), (9, 24)], fill=255)
    stored = mask
    for step in pictures.STORED[orientation]:
        stored = stored.transpose(Image.Transpose[step])
    turned = turn_masks(np.asarray(stored)[None], orientation)
    assert np.array_equal(turned[0], np.asarray(mask))


def test_a_mask_lies_in_the_frame_of_the_box_that_is_left_of_it() -> None:
    left_half = Polygons([np.array([[-0.5, 0], [0.25, 0], [0.25, 1], [-0.5, 1]])])
    regions = Regions(np.array([[-0.5, 0, 0.5, 1]]), np.zeros(1, np.int64), shapes=[left_half])
    boxes, _, masks = upright_regions(regions, (10, 10), 1, masked=True)
    assert boxes.tolist() == [[0, 0, 0.5, 1]]
    assert masks is not None and masks[0, :, :14].min() == 1 and masks[0, :, 14:].max() == 0
