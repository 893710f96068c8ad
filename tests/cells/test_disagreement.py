"""Model and data apart, in words."""

import numpy as np
import pytest

from emocam.cells.disagreement import disagreements
from emocam.cells.occurrences import Counted

IMAGES = np.array([100, 100])
NAMES = ["camera", "cake"], ["Awe", "Joy"]


def counted(present, kept=None, images=IMAGES) -> Counted:
    present = np.array(present)
    return Counted(images, present, present if kept is None else np.array(kept))


def test_an_object_of_the_predicted_label_alone_is_the_model_s() -> None:
    found = disagreements(counted([[60, 5], [30, 30]]), counted([[30, 35], [30, 30]]), *NAMES)
    assert [parting.sentence for parting in found] == [
        "camera comes with Awe more where the classifier says so (60 % of the pictures) than where people do (30 %): "
        "a habit of the model, not of the data"
    ]
    assert found[0].points == pytest.approx(30)


def test_an_object_of_the_true_label_that_is_not_looked_at_is_the_data_s() -> None:
    present, kept = [[60, 5], [30, 30]], [[3, 1], [28, 28]]
    found = disagreements(counted(present, kept), counted(present, kept), *NAMES)
    assert [parting.sentence for parting in found] == [
        "camera comes with Awe as people label it (60 % of the pictures), but is looked at in 5 % of those "
        "(any object there: 34 %): a habit of the data, not of the model"
    ]


def test_where_classifier_and_people_agree_and_the_object_is_looked_at_nothing_is_said() -> None:
    assert not disagreements(counted([[60, 5], [30, 30]]), counted([[58, 7], [30, 30]]), *NAMES)


def test_of_few_pictures_nothing_is_said() -> None:
    few = np.array([19, 100])
    assert not disagreements(
        counted([[19, 0], [0, 0]], images=few), counted([[0, 0], [0, 0]], images=few), *NAMES
    )
