"""What Erase makes of one picture."""

import importlib.util
import sys

import numpy as np
import pytest
from PIL import Image

from emocam.effect.base import Cell, Pair, Trial
from emocam.effect.erase import Erase, installed
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
    return list(effect.pairs(trial, image, image, seen, Dice(seed)))


def changed_pixels(patches: tuple[Patch, ...]) -> np.ndarray:
    return (np.asarray(patched(noise(), patches)) != np.asarray(noise())).any(-1)


def test_all_regions_go_at_once_in_each_fill() -> None:
    regions = (0.1, 0.1, 0.3, 0.4), (0.6, 0.5, 0.7, 0.9)
    expected = noise()
    for region in regions:
        box = pixels(expected, region)
        expected = patched(expected, [Patch(FILLS["grey"](expected, box), box[:2])])
    found = {pair.fill: pair for pair in pairs(Erase(), *regions)}
    assert list(found) == ["blur", "grey", "inpaint"]
    assert patched(noise(), found["grey"].changed) == expected
    inside = np.zeros((40, 60), bool)
    for x0, y0, x1, y1 in (pixels(expected, region) for region in regions):
        inside[y0:y1, x0:x1] = True
    for pair in found.values():
        assert not changed_pixels(pair.changed)[~inside].any()
        assert not changed_pixels(pair.control)[inside].any()
        # noise that is filled differs almost everywhere, so that the areas can be compared
        areas = [changed_pixels(patches).sum() for patches in (pair.changed, pair.control)]
        assert min(areas) > 0.95 * inside.sum() and max(areas) <= inside.sum()


def test_controls_of_all_fills_lie_at_the_same_place() -> None:
    found = pairs(Erase(), (0.1, 0.1, 0.3, 0.4))
    boxes = [Image.fromarray(changed_pixels(pair.control)).getbbox() for pair in found]
    assert len(boxes) == 3 and len(set(boxes)) == 1


def test_what_is_not_seen_is_neither_object_nor_control() -> None:
    half = (0.0, 0.0, 0.5, 1.0)
    assert not pairs(Erase(), (0.6, 0.1, 0.8, 0.4), seen=half)
    for seed in range(20):
        (pair,) = pairs(Erase(fills=["grey"]), (0.4, 0.1, 0.8, 0.4), seen=half, seed=seed)
        for patches in (pair.changed, pair.control):
            assert not changed_pixels(patches)[:, 30:].any()
            assert changed_pixels(patches).sum() == pytest.approx(6 * 12, abs=2)


def test_without_room_for_a_control_there_is_no_pair() -> None:
    assert not pairs(Erase(), (0.0, 0.0, 1.0, 0.6))


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
