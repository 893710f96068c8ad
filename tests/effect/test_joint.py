"""Which pixels of a picture change where objects are taken away together, kept alone or moved."""

import numpy as np
import pytest
from PIL import Image

from emocam.effect.joint import JointPicture, JointVariant
from emocam.effect.parts import PictureRegions
from emocam.effect.picture import TriedPicture
from emocam.functional.dice import Dice
from emocam.paste.patch import patched

BOXES = {
    "Person": (0, 0, 30, 40),
    "Face": (10, 5, 20, 15),
    "Ball": (40, 10, 50, 20),
    "Twin": (40, 10, 50, 20),
    "Chair": (20, 30, 44, 60),
    "Sofa": (0, 12, 30, 52),
}
SIDE = 80


def joint(*objects: str, seed: int = 3) -> JointPicture:
    noise = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    names = list(objects)
    boxes = np.array([BOXES[name] for name in names], np.float32) / SIDE
    picture = TriedPicture(Image.fromarray(noise), PictureRegions(names, boxes))
    return JointPicture(picture, (0, 0, SIDE, SIDE), "grey", names, Dice(seed))


def changed(of: JointPicture, variant: JointVariant) -> np.ndarray | None:
    """The pixels (h, w) that are not as before, or None where nothing can be made."""
    patches = of.patches(variant)
    if patches is None:
        return None
    before, after = of.picture.image, patched(of.picture.image, patches)
    return (np.asarray(before) != np.asarray(after)).any(-1)


def boxed(*names: str) -> np.ndarray:
    found = np.zeros((SIDE, SIDE), bool)
    for x0, y0, x1, y1 in (BOXES[name] for name in names):
        found[y0:y1, x0:x1] = True
    return found


def same(one: np.ndarray | None, other: np.ndarray) -> bool:
    """Whether two sets of pixels are one; a pixel of noise may have had the fill's colour by chance."""
    assert one is not None
    return not (one & ~other).any() and (other & ~one).sum() <= 0.02 * other.sum()


def test_a_person_goes_without_the_face_and_both_go_together() -> None:
    of = joint("Person", "Face", "Ball")
    assert same(changed(of, JointVariant("out", "Person")), boxed("Person") & ~boxed("Face"))
    assert same(changed(of, JointVariant("out", "Face", "Person")), boxed("Person"))
    assert same(changed(of, JointVariant("whole", "Person")), boxed("Person"))
    assert same(changed(of, JointVariant("out", "Ball", "Face")), boxed("Ball", "Face"))


def test_all_but_what_is_kept_goes() -> None:
    of = joint("Person", "Face", "Ball")
    assert same(changed(of, JointVariant("keep")), boxed("Person", "Ball"))
    assert same(changed(of, JointVariant("keep", "Face")), boxed("Person", "Ball") & ~boxed("Face"))
    assert same(changed(of, JointVariant("keep", "Ball", "Person")), boxed("Face"))
    alone = joint("Ball")
    assert not changed(alone, JointVariant("keep", "Ball")).any()


def test_two_boxes_that_dispute_most_of_themselves_are_not_tried_together() -> None:
    of = joint("Person", "Sofa", "Ball")
    disputed = boxed("Person") & boxed("Sofa")
    assert disputed.sum() == 0.7 * boxed("Person").sum()
    assert changed(of, JointVariant("out", "Person", "Sofa")) is None
    assert same(changed(of, JointVariant("out", "Person")), boxed("Person") & ~disputed)
    assert same(changed(of, JointVariant("out", "Person", "Ball")), boxed("Person", "Ball") & ~disputed)


def test_what_two_boxes_dispute_goes_with_both_and_stays_with_either() -> None:
    of = joint("Person", "Chair", "Ball")
    disputed = boxed("Person") & boxed("Chair")
    assert same(changed(of, JointVariant("out", "Person")), boxed("Person") & ~disputed)
    assert same(changed(of, JointVariant("out", "Person", "Ball")), boxed("Person", "Ball") & ~disputed)
    assert same(changed(of, JointVariant("out", "Person", "Chair")), boxed("Person", "Chair"))
    assert same(changed(of, JointVariant("keep", "Chair")), boxed("Person", "Ball") & ~disputed)
    assert same(changed(of, JointVariant("keep", "Person")), boxed("Chair", "Ball") & ~disputed)
    assert same(changed(of, JointVariant("keep")), boxed("Person", "Chair", "Ball"))


def test_controls_are_as_large_and_off_every_object_and_each_other() -> None:
    of = joint("Face", "Ball")
    one, other = (changed(of, JointVariant("control", name)) for name in ("Face", "Ball"))
    both = changed(of, JointVariant("control", "Ball", "Face"))
    assert both is not None and one is not None and other is not None
    assert same(both, one | other)
    assert not (one & other).any()
    assert not (both & boxed("Face", "Ball")).any()
    assert both.sum() == pytest.approx(boxed("Face", "Ball").sum(), rel=0.02)
    for seed in range(60):
        placed = [pixels for pixels, _ in joint("Face", "Ball", seed=seed).controls.values()]
        assert all(pixels is not None for pixels in placed) and not (placed[0] & placed[1]).any()


def test_two_names_of_one_thing_are_not_taken_away_as_two() -> None:
    of = joint("Ball", "Twin")
    assert changed(of, JointVariant("out", "Ball")) is not None
    assert changed(of, JointVariant("out", "Ball", "Twin")) is None


def test_a_moved_object_is_gone_and_stands_elsewhere_as_it_was() -> None:
    of = joint("Ball")
    patches = of.patches(JointVariant("moved", "Ball"))
    assert patches is not None
    before, after = np.asarray(of.picture.image), np.asarray(patched(of.picture.image, patches))
    new = (before != after).any(-1)
    assert new[10:20, 40:50].mean() > 0.98
    rows, columns = np.nonzero(new & ~boxed("Ball"))
    top, left = rows.min(), columns.min()
    assert (after[top : top + 10, left : left + 10] == before[10:20, 40:50]).mean() > 0.98


def test_an_object_that_fills_the_picture_has_no_control() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    whole = TriedPicture(
        Image.fromarray(noise), PictureRegions(["Sky"], np.array([[0, 0, 1, 1]], np.float32))
    )
    of = JointPicture(whole, (0, 0, SIDE, SIDE), "grey", ["Sky"], Dice(3))
    assert of.patches(JointVariant("control", "Sky")) is None
    assert of.patches(JointVariant("moved", "Sky")) is None
