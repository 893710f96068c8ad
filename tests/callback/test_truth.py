"""How often a run is right, where that can be said."""

import pytest

from emocam.callback.truth import Truth


def test_accuracy_is_of_the_images_whose_label_is_known(finish) -> None:
    finished = finish([0, 0, 1, 1], [[]] * 4, {"truth": ["Joy", "Awe", "Awe", ""]})
    assert Truth().on_run_end(finished) == {"accuracy": pytest.approx(2 / 3)}


def test_labels_of_another_vocabulary_are_neither_right_nor_wrong(finish) -> None:
    finished = finish([0, 0, 1], [[]] * 3, {"truth": ["Joy", "Grief", "Awe"]})
    assert Truth().on_run_end(finished) == {}


def test_without_truth_there_is_nothing_to_say(finish) -> None:
    assert Truth().on_run_end(finish([0, 1], [[], []])) == {}
