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
        "camera comes with Awe more where the classifier says so (60 % of 100 pictures) than where people do "
        "(30 % of 100): a habit of the model, not of the data"
    ]
    assert found[0].points == pytest.approx(30)


def test_an_object_of_the_true_label_that_is_not_looked_at_is_the_data_s() -> None:
    present, kept = [[60, 5], [30, 30]], [[3, 1], [28, 28]]
    found = disagreements(counted(present, kept), counted(present, kept), *NAMES)
    assert [parting.sentence for parting in found] == [
        "camera comes with Awe as people label it (60 % of 100 pictures), but is looked at in 3 of these 60 "
        "(any object there: 34 %): a habit of the data, not of the model"
    ]


def test_where_classifier_and_people_agree_and_the_object_is_looked_at_nothing_is_said() -> None:
    assert not disagreements(counted([[60, 5], [30, 30]]), counted([[58, 7], [30, 30]]), *NAMES)


def test_of_few_pictures_nothing_is_said() -> None:
    for images in (19, 20):
        few = np.array([images, 100])
        called, true = (counted([[count, 0], [0, 0]], images=few) for count in (images, 0))
        assert len(disagreements(called, true, *NAMES)) == (images == 20)


def test_pictures_that_know_nothing_of_each_other_give_hardly_a_sentence() -> None:
    """2,000 pictures, 200 objects and 10 labels thrown: sentences of any corpus in at most one of twenty."""
    said = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        shown = draw.uniform(size=(2000, 200)) < draw.uniform(0.02, 0.5, 200)
        kept = shown & (draw.uniform(size=shown.shape) < 0.4)
        one, other = (
            Counted(hot.sum(0), shown.T.astype(int) @ hot, kept.T.astype(int) @ hot)
            for hot in (np.eye(10, dtype=int)[draw.integers(10, size=2000)] for _ in range(2))
        )
        said += bool(disagreements(one, other, [str(i) for i in range(200)], [str(i) for i in range(10)]))
    assert said <= 1


def test_copies_are_worth_what_one_is() -> None:
    called, true = counted([[60, 5], [30, 30]]), counted([[30, 35], [30, 30]])
    tenth = np.full(2, 0.21)
    assert disagreements(called, true, *NAMES) and not disagreements(
        called, true, *NAMES, worth=(tenth, tenth)
    )


def test_one_picture_with_an_object_that_is_not_looked_at_has_a_share_of_nought() -> None:
    images = np.array([20, 10_000])
    one = Counted(images, np.array([[1, 0], [20, 5000]]), np.array([[0, 0], [20, 2000]]))
    (found,) = disagreements(one, one, *NAMES)
    assert found.points == pytest.approx(100 * 20 / 21)
    assert "looked at in 0 of these 1 (any object there: 95 %)" in found.sentence
