"""The figure shows what the matrix says."""

import numpy as np
import pandas as pd
import pytest

from emocam.plot.association import association, association_figure, readable, strongest_rows


@pytest.fixture
def percent() -> pd.DataFrame:
    table = pd.DataFrame({"joy": [0.0, 50, 10], "fear": [0.0, 10, 60], "none": [np.nan] * 3})
    return table.set_axis(["Chair", "Person", "Dog"])


def texts(ax):
    return [t.get_text() for t in ax.texts]


def test_rows_are_those_with_the_highest_mean(percent):
    assert list(strongest_rows(percent, 2).index) == ["Dog", "Person"]


def test_cells_hold_their_numbers_and_a_label_without_images_none(percent):
    ax = association(percent, ax=association_figure(percent).subplots())
    assert texts(ax) == ["10", "60", "50", "10", "0", "0"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["joy", "fear", "none (no images)"]


def test_many_labels_stay_without_numbers_and_the_title_says_what_is_left_out():
    percent = pd.DataFrame(np.random.default_rng(0).random((600, 24)) * 100)
    figure = association_figure(percent)
    assert not texts(figure.axes[0])
    assert figure.axes[0].get_title("left") == "the 25 of 600 objects with the highest mean"
    assert len(figure.axes[0].get_yticklabels()) == 25


def test_a_thousand_labels_are_cut_to_those_with_the_highest_mean(tmp_path):
    percent = pd.DataFrame(np.zeros((2, 1000)), columns=[f"label {i}" for i in range(1000)])
    percent.iloc[:, 500:510] = np.nan
    percent.iloc[0, [999, 3]] = 70.0
    figure = association_figure(percent)
    names = [t.get_text() for t in figure.axes[0].get_xticklabels()]
    assert len(names) == 40
    assert names[-1] == "label 999" and "label 3" in names and "label 500 (no images)" not in names
    assert figure.axes[0].get_title("left") == "the 40 of 1000 labels with the highest mean"
    figure.savefig(tmp_path / "a.png")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("labels", [1, 5, 100])
@pytest.mark.parametrize("objects", [1, 2, 30])
def test_names_have_room_however_few_rows_there_are(objects, labels, tmp_path):
    percent = pd.DataFrame(np.ones((objects, labels)), columns=[f"{i} {'long ' * 8}" for i in range(labels)])
    association_figure(percent).savefig(tmp_path / "a.png")


def test_a_matrix_without_any_image_is_still_drawn(tmp_path):
    empty = pd.DataFrame({"joy": [np.nan, np.nan]}, index=["Dog", "Cat"])
    association_figure(empty).savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size


@pytest.mark.parametrize("name", ["$\\frac{", "x" * 1000, "a\nb", "<script>"])
def test_a_hostile_name_is_drawn_as_it_is(name, tmp_path):
    percent = pd.DataFrame({name: [1.0, 2]}, index=[name, "Dog"])
    association_figure(percent).savefig(tmp_path / "a.png")
    assert len(readable(name)) <= 34 and "\n" not in readable(name)
