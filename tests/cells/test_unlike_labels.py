"""Labels of folders that the classifier does not have are told, with how many pictures they cost."""

import pandas as pd

from emocam.cells.unlike_labels import unlike_labels


def test_where_the_classifier_has_all_labels_nothing_is_said() -> None:
    assert unlike_labels(pd.Series(["cat", "", "dog"]), ["dog", "cat", "cow"]) is None


def test_labels_that_the_classifier_lacks_are_named_with_their_pictures() -> None:
    told = unlike_labels(pd.Series(["cat"] * 3 + ["dog"] * 2 + ["owl"] + [""]), ["cat", "cow"])
    assert told == (
        "2 of the data's 3 labels are none of the classifier's (dog, owl): their 3 pictures count as wrong whatever is "
        "answered"
    )


def test_where_no_label_is_known_right_and_wrong_cannot_be_told() -> None:
    told = unlike_labels(pd.Series(list("xyzuvw")), ["a", "b", "c", "d", "e", "f"])
    assert told is not None and told.startswith("none of the data's labels (")
    assert "and 2 more) is a label of the classifier (a, b, c, d and 2 more)" in told


def test_another_spelling_is_pointed_out() -> None:
    told = unlike_labels(pd.Series(["Joy", "fear"]), ["joy", "fear"])
    assert told is not None and "; Joy is spelt joy there" in told
