"""What Erase makes of one picture."""

import importlib.util
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import maximum_filter

from emocam.effect.base import Cell, Pair, Trial
from emocam.effect.erase import Erase, installed
from emocam.effect.parts import PictureRegions
from emocam.effect.picture import TriedPicture
from emocam.errors import SettingError
from emocam.functional.dice import Dice
from emocam.paste.base import Box
from emocam.paste.fill import FILLS, pixels
from emocam.paste.patch import Patch, patched
from emocam.records.base import WHOLE


def noise(width: int = 60, height: int = 40) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8))


def pairs(effect: Erase, *regions: Box, seen: Box = WHOLE, seed: int = 0) -> list[Pair]:
    image = noise()
    trial = Trial("1.png", Cell("ball", "a", "rank"), "1.png", regions)
    boxes = np.array(regions, np.float32).reshape(-1, 4)
    picture = TriedPicture(image, PictureRegions(["ball"] * len(boxes), boxes))
    return list(effect.pairs(trial, picture, picture, seen, Dice(seed)))


def changed_pixels(patches: tuple[Patch, ...]) -> np.ndarray:
    return (np.asarray(patched(noise(), patches)) != np.asarray(noise())).any(-1)


RULES = [("box", "anywhere"), ("part", "bare"), ("part", "anywhere"), ("box", "bare")]


@pytest.mark.parametrize(("region", "control"), RULES)
def test_all_regions_go_at_once_in_each_fill(region: Any, control: Any) -> None:
    regions = (0.1, 0.1, 0.3, 0.4), (0.6, 0.5, 0.7, 0.9)
    expected = noise()
    for place in regions:
        box = pixels(expected, place)
        # boxes are filled one after the other, parts together from the picture as it was
        filled_from = expected if (region, control) == ("box", "anywhere") else noise()
        expected = patched(expected, [Patch(FILLS["grey"](filled_from, box), box[:2])])
    fills = ["blur", "grey", "inpaint"]
    effect = Erase(region=region, control=control, fills=fills)
    found = {pair.fill: pair for pair in pairs(effect, *regions)}
    assert list(found) == fills
    assert patched(noise(), found["grey"].changed) == expected
    inside = np.zeros((40, 60), bool)
    for x0, y0, x1, y1 in (pixels(expected, place) for place in regions):
        inside[y0:y1, x0:x1] = True
    for pair in found.values():
        assert not changed_pixels(pair.changed)[~inside].any()
        assert not changed_pixels(pair.control)[inside].any()
        # noise that is filled differs almost everywhere, so that the areas can be compared
        areas = [changed_pixels(patches).sum() for patches in (pair.changed, pair.control)]
        assert min(areas) > 0.95 * inside.sum() and max(areas) <= inside.sum()


@pytest.mark.parametrize(("region", "control"), RULES)
def test_controls_of_all_fills_lie_at_the_same_place(region: Any, control: Any) -> None:
    found = pairs(Erase(region=region, control=control), (0.1, 0.1, 0.3, 0.4))
    boxes = [Image.fromarray(changed_pixels(pair.control)).getbbox() for pair in found]
    assert len(boxes) == 2 and len(set(boxes)) == 1


@pytest.mark.parametrize(("region", "control"), RULES)
def test_what_is_not_seen_is_neither_object_nor_control(region: Any, control: Any) -> None:
    half = (0.0, 0.0, 0.5, 1.0)
    effect = Erase(fills=["grey"], region=region, control=control)
    assert not pairs(effect, (0.6, 0.1, 0.8, 0.4), seen=half)
    for seed in range(20):
        (pair,) = pairs(effect, (0.4, 0.1, 0.8, 0.4), seen=half, seed=seed)
        for patches in (pair.changed, pair.control):
            assert not changed_pixels(patches)[:, 30:].any()
            assert changed_pixels(patches).sum() == pytest.approx(6 * 12, abs=2)


def test_without_room_for_whole_boxes_there_is_no_pair() -> None:
    assert not pairs(Erase(region="box", control="anywhere"), (0.0, 0.0, 1.0, 0.6))


def test_a_large_object_has_a_control_in_pieces_or_none_and_says_so() -> None:
    (pair,) = pairs(Erase(fills=["grey"]), (0.25, 0.25, 0.75, 0.95))  # 30 x 28: no shift is free of it
    assert pair.kind == "pieces"
    taken, control = changed_pixels(pair.changed), changed_pixels(pair.control)
    assert not (taken & control).any() and control.sum() == pytest.approx(30 * 28, rel=0.02)
    (pair,) = pairs(Erase(fills=["grey"]), (0.0, 0.0, 1.0, 0.6))
    assert pair.kind == "none" and pair.control == () and changed_pixels(pair.changed).any()


def test_a_part_becomes_grey_and_nothing_else_changes() -> None:
    (pair,) = pairs(Erase(fills=["grey"]), (0.2, 0.25, 0.6, 0.75))
    image, inside = np.asarray(noise(), float), np.zeros((40, 60), bool)
    inside[10:30, 12:36] = True
    filled = np.asarray(patched(noise(), pair.changed), float)
    assert np.abs(filled - image.mean((0, 1)))[inside].max() < 1
    assert np.array_equal(filled[~inside], image[~inside])


def test_a_large_picture_is_filled_on_its_own_pixels_alone() -> None:
    """Five times the raster's size: what is outside of the part keeps every pixel."""
    image = noise(1280, 640)
    regions = PictureRegions(["ball", "dog"], np.array([[0.1, 0.1, 0.5, 0.9], [0.2, 0.3, 0.3, 0.5]]))
    picture = TriedPicture(image, regions)
    trial = Trial("1.png", Cell("ball", "a", "rank"), "1.png", ((0.1, 0.1, 0.5, 0.9),))
    for pair in Erase().pairs(trial, picture, picture, WHOLE, Dice(0)):
        changed = (np.asarray(patched(image, pair.changed)) != np.asarray(image)).any(-1)
        expected = np.zeros((640, 1280), bool)
        expected[60:580, 125:645] = True  # a pixel of the raster is five of the picture
        assert not changed[~expected].any() and not changed[200:315, 260:380].any()
        assert changed.sum() > 0.93 * (512 * 512 - 128 * 128)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"region": "mask"}, "effect.region must be part or box, got 'mask'"),
        ({"control": "none"}, "effect.control must be bare or anywhere, got 'none'"),
    ],
)
def test_rules_that_cannot_be_are_told(setting: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        Erase(**setting)


def test_without_opencv_the_others_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.setattr("emocam.effect.erase.find_spec", lambda name: None)
    assert importlib.util.find_spec("cv2") is not None
    fills, (note,) = installed(["blur", "inpaint"])
    assert list(fills) == ["blur"]
    assert note == "effect.fills: inpaint is left out, since it needs OpenCV: pip install 'emocam[opencv]'"
    with pytest.raises(SettingError, match="needs OpenCV"):
        installed(["inpaint"])


@pytest.mark.parametrize(
    ("fills", "told"),
    [
        (["gray"], "effect.fills: 'gray' is not known; did you mean grey?"),
        ([], "effect.fills must name at least one of blur, grey, inpaint"),
    ],
)
def test_fills_that_cannot_be_are_told(fills: list[str], told: str) -> None:
    with pytest.raises(SettingError, match=told.replace("?", r"\?")):
        Erase(fills=fills)


def masked(image: Image.Image, **effect: Any) -> tuple[np.ndarray, np.ndarray]:
    """The pixels that change where the left half of a box is the ball, beside a dog; and the control's."""
    boxes = np.array([(0.2, 0.25, 0.6, 0.75), (0.4, 0.25, 0.6, 0.5)], np.float32)
    masks = np.ones((2, 8, 8), np.float32)
    masks[0, :, 4:] = 0
    picture = TriedPicture(image, PictureRegions(["ball", "dog"], boxes, masks))
    trial = Trial("1.png", Cell("ball", "a", "rank"), "1.png", (tuple(boxes[0]),))
    (pair,) = Erase(**effect).pairs(trial, picture, picture, WHOLE, Dice(0))
    changed, control = (
        (np.asarray(patched(image, patches)) != np.asarray(image)).any(-1)
        for patches in (pair.changed, pair.control)
    )
    return changed, control


def test_a_fill_goes_into_the_mask_and_a_rim_of_half_a_cell_but_never_into_another_object() -> None:
    within, dog = np.zeros((2, 40, 60), bool)
    within[10:30, 12:24] = True
    dog[10:20, 24:36] = True
    cell = 24 / 8  # pixels of the box's longer side
    rim = maximum_filter(within, 2 * round(cell / 2) + 1) & ~dog
    changed, control = masked(noise(), fills=["grey"])
    assert not changed[~rim].any() and changed[rim].mean() > 0.95
    assert not (control & rim).any() and control.sum() == pytest.approx(changed.sum(), rel=0.1)


def test_what_takes_the_place_of_a_mask_has_no_colour_of_other_objects() -> None:
    colours = np.full((40, 60, 3), 60, np.uint8)
    colours[10:30, 12:24], colours[10:20, 24:36] = 200, 250
    image = Image.fromarray(colours)
    boxes = np.array([(0.2, 0.25, 0.4, 0.75), (0.4, 0.25, 0.6, 0.5)], np.float32)
    for masks in (np.ones((2, 8, 8), np.float32), None):
        picture = TriedPicture(image, PictureRegions(["ball", "dog"], boxes, masks))
        part = picture.raster.part("ball", (0, 0, 60, 40))
        assert part is not None
        filled = np.asarray(patched(image, picture.filled("blur", part)))[part]
        assert (filled == 60).all() if masks is not None else filled.max() > 60


@pytest.mark.parametrize("name", ["blur", "inpaint"])
def test_what_of_an_object_lies_in_a_smaller_ones_box_does_not_come_back(name: str) -> None:
    colours = np.full((40, 60, 3), 60, np.uint8)
    colours[8:32, 12:48] = 200  # the ball, in the dog's box, too
    image = Image.fromarray(colours)
    boxes = np.array([(0.2, 0.2, 0.8, 0.8), (0.4, 0.4, 0.6, 0.6)], np.float32)
    picture = TriedPicture(image, PictureRegions(["ball", "dog"], boxes))
    trial = Trial("1.png", Cell("ball", "a", "rank"), "1.png", (tuple(boxes[0]),))
    (pair,) = Erase(fills=[name]).pairs(trial, picture, picture, WHOLE, Dice(0))
    filled = np.asarray(patched(image, pair.changed))
    dog = np.zeros((40, 60), bool)
    dog[16:24, 24:36] = True
    assert np.abs(filled[~dog] - 60.0).max() < 5 and (filled[dog] == 200).all()
