import numpy as np
import pytest
from sklearn import metrics

from emocam.functional.statistics.classification import (
    accuracy_of,
    balanced_accuracy_of,
    count_answers,
    f1_of,
    macro_f1_of,
    precision_of,
    recall_of,
)


@pytest.fixture(params=range(4))
def answers(request):
    draw = np.random.default_rng(request.param)
    truth, predicted = draw.integers(0, 5, 200), draw.integers(0, 5, 200)
    truth[truth == request.param] = (request.param + 1) % 5  # one label without pictures
    predicted[predicted == 3] = 0  # and one that is never answered
    return truth, np.where(draw.random(200) < 0.5, truth, predicted)


@pytest.mark.filterwarnings("ignore")
def test_figures_are_scikit_learn_s(answers):
    truth, predicted = answers
    counts = count_answers(truth, predicted, 5)
    assert np.array_equal(counts, metrics.confusion_matrix(truth, predicted, labels=range(5)))
    assert accuracy_of(counts) == metrics.accuracy_score(truth, predicted)
    assert balanced_accuracy_of(counts) == pytest.approx(metrics.balanced_accuracy_score(truth, predicted))
    assert macro_f1_of(counts) == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))
    each = {"average": None, "labels": range(5), "zero_division": np.nan}
    np.testing.assert_allclose(recall_of(counts), metrics.recall_score(truth, predicted, **each))
    np.testing.assert_allclose(precision_of(counts), metrics.precision_score(truth, predicted, **each))
    np.testing.assert_allclose(f1_of(counts), metrics.f1_score(truth, predicted, **each))


def test_without_pictures_there_are_no_figures():
    nothing = np.zeros((2, 2), np.int64)
    assert np.isnan([accuracy_of(nothing), balanced_accuracy_of(nothing), macro_f1_of(nothing)]).all()


def test_few_answers_are_counted_in_a_table_of_all_labels():
    counts = count_answers(np.array([1, 0, 1]), np.array([0, 0, 0]), 3)
    assert counts.tolist() == [[1, 0, 0], [2, 0, 0], [0, 0, 0]]
    assert count_answers(np.array([3]), np.array([3]), 4).tolist() == np.diag([0, 0, 0, 1]).tolist()
    assert recall_of(counts)[:2].tolist() == [1, 0] and np.isnan(recall_of(counts)[2])
    assert precision_of(counts)[0] == pytest.approx(1 / 3) and np.isnan(precision_of(counts)[1:]).all()
    assert f1_of(counts)[:2].tolist() == [0.5, 0] and np.isnan(f1_of(counts)[2])
    assert (accuracy_of(counts), balanced_accuracy_of(counts)) == pytest.approx((1 / 3, 0.5))
    assert macro_f1_of(counts) == pytest.approx(0.25)
