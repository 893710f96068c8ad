"""Runs that cannot be compared, and the sentence that says why."""

import numpy as np
import pytest

from emocam.compare.comparability import reason_not_comparable
from emocam.compare.regions import images_that_differ, read_regions


def reason(one, other):
    return reason_not_comparable([one, other], [read_regions(one), read_regions(other)], ["one", "other"])


def test_methods_over_the_same_pictures_can_be_compared(finished_run):
    assert reason(finished_run("one", 0.5), finished_run("other", 0.1)) is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"labels": ["joy", "fear", "awe"]}, "other labels (3 and 3; 'calm' is in one of them only)"),
        ({"labels": ["fear", "joy", "calm"]}, "other labels (3 and 3; in another order)"),
        ({"objects": ["Ball"]}, "other object classes (6 and 1; 'Tree' is in one of them only)"),
        ({"images": 61}, "other images (60 and 61; '060.png' is in one of them only)"),
    ],
)
def test_the_first_difference_is_named(finished_run, settings, sentence):
    assert reason(finished_run("one", 0.5), finished_run("other", 0.5, **settings)) == (
        f"one and other cannot be compared: {sentence}"
    )


def test_other_regions_are_told_with_the_settings_that_made_them(finished_run):
    other = finished_run("other", 0.5, seed=1, settings={"detector": {"score": 0.1}})
    assert reason(finished_run("one", 0.5), other) == (
        "one and other cannot be compared: other detector or pictures (detector.score: none and 0.1); "
        "their regions differ in 60 of 60 images"
    )


def test_regions_differ_by_number_or_by_place(finished_run):
    one, other = (read_regions(finished_run(name, 0.5)) for name in ("one", "other"))
    assert images_that_differ(one, other) == 0
    boxes = other.boxes.copy()
    boxes[4:6, 0] += 0.02  # two regions of the second image
    boxes[8, 0] += 0.002  # rounding
    moved = type(other)(other.images, other.count, boxes, other.importance)
    assert images_that_differ(one, moved) == 1
    fewer = type(other)(
        other.images, other.count - np.eye(60, dtype=int)[7], np.delete(boxes, 28, 0), other.importance[1:]
    )
    assert images_that_differ(one, fewer) == 2
