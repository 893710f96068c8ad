"""Cells by annotated labels, with intervals over groups, against the cells of each pair of labels alone."""

import numpy as np
import pytest

from emocam.cells.occurrences import LEFT_OUT, Occurrences
from emocam.cells.splits import Annotation, cells_by, cells_by_both, right_and_wrong

OBJECTS, LABELS, TRUTHS = ["cup", "hat"], ["joy", "fear", "calm"], ["fear", "awe", "joy"]
IMAGES = 90


@pytest.fixture(scope="module")
def seen() -> tuple[Occurrences, Annotation, np.ndarray]:
    draw = np.random.default_rng(0)
    label, truth = draw.integers(-1, 3, IMAGES), draw.integers(-1, 3, IMAGES)
    image, object = np.nonzero(draw.random((IMAGES, 2)) < 0.6)
    kept = draw.random(len(image)) < 0.5
    occurrences = Occurrences(label, image, object, kept, 2)
    return occurrences, Annotation(truth, TRUTHS, LABELS), draw.integers(0, 12, IMAGES)


def test_each_pair_of_labels_has_the_cells_and_intervals_of_its_pictures_alone(seen) -> None:
    occurrences, annotation, unit = seen
    table = cells_by_both(occurrences, annotation, OBJECTS, unit)
    assert len(table) > 15
    for row in table.to_dict("records"):
        pair = TRUTHS.index(row["truth"]), LABELS.index(row["label"])
        own = (annotation.truth == pair[0]) & (occurrences.label == pair[1])
        alone = cells_by(occurrences, np.where(own, 0, LEFT_OUT), ["own"], OBJECTS, unit)
        (expected,) = alone[alone["object"] == row["object"]].to_dict("records")
        assert row["right"] == (row["truth"] == row["label"])
        assert set(expected) - {"label"} <= set(row)
        for name in set(expected) - {"object", "label"}:
            assert row[name] == pytest.approx(expected[name], nan_ok=True), name


def test_counts_are_those_of_loops_over_pictures(seen) -> None:
    occurrences, annotation, _ = seen
    table = cells_by_both(occurrences, annotation, OBJECTS).set_index(["object", "truth", "label"])
    for (object, truth, label), row in table.iterrows():
        of_pair = [
            i
            for i in range(IMAGES)
            if annotation.truth[i] == TRUTHS.index(truth) and occurrences.label[i] == LABELS.index(label)
        ]
        there = [
            k
            for k, (i, o) in enumerate(zip(occurrences.image, occurrences.object, strict=True))
            if i in of_pair and OBJECTS[o] == object
        ]
        kept = sum(bool(occurrences.kept[k]) for k in there)
        assert (row["images"], row["present"], row["kept"]) == (len(of_pair), len(there), kept)
        assert row["percent"] == pytest.approx(100 * kept / len(of_pair))
        assert row["use"] == pytest.approx(kept / len(there))


def test_one_label_alone_has_a_row_for_each_object() -> None:
    nought = np.zeros(4, np.int64)
    image, object = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1])
    occurrences = Occurrences(nought, image, object, np.array([True, False, True, True]), 2)
    table = cells_by_both(occurrences, Annotation(nought, ["joy"], ["joy"]), OBJECTS)
    rows = table[["object", "truth", "label", "images", "present", "kept"]].to_numpy().tolist()
    assert rows == [["cup", "joy", "joy", 4, 2, 1], ["hat", "joy", "joy", 4, 2, 2]]


def test_without_pictures_or_people_s_labels_there_are_no_rows(seen) -> None:
    occurrences, _, unit = seen
    nothing = Annotation(np.full(IMAGES, LEFT_OUT), [], LABELS)
    assert len(cells_by_both(occurrences, nothing, OBJECTS, unit)) == 0
    assert not nothing.comparable


def test_a_prediction_is_right_or_wrong_where_both_labels_are_known(seen) -> None:
    occurrences, annotation, _ = seen
    parts = right_and_wrong(occurrences, annotation)
    for i in range(IMAGES):
        label, truth = occurrences.label[i], annotation.truth[i]
        if label == LEFT_OUT or truth == LEFT_OUT or TRUTHS[truth] not in LABELS:
            assert all(part[i] == LEFT_OUT for part in parts.values())
            continue
        right = LABELS[label] == TRUTHS[truth]
        assert parts["right"][i] == (label if right else LEFT_OUT)
        assert parts["wrong"][i] == (LEFT_OUT if right else label)
    assert not annotation.comparable  # no answer of the network is awe
    assert Annotation(np.array([0, 2, LEFT_OUT]), TRUTHS, LABELS).comparable
    assert (
        annotation.as_predicted[annotation.truth == 1].tolist() == [LEFT_OUT] * (annotation.truth == 1).sum()
    )
