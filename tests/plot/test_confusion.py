import pandas as pd
import pytest

from emocam.plot.agreement import agreement_figure
from emocam.plot.confusion import confusion_figure, most_frequent


def test_colours_are_percent_of_the_annotated_and_numbers_are_images() -> None:
    counts = pd.DataFrame([[3, 0, 0], [1, 2, 0]], ["Joy", "$\\bad"], ["Grief", "Rage", "none"])
    (ax, _) = confusion_figure(counts).axes
    # a label that nobody gave has no column
    cells = ax.collections[0].get_array()
    assert cells.reshape(2, 2).tolist() == [[75, 0], [25, 100]]
    assert [text.get_text() for text in ax.texts] == ["3", "0", "1", "2"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("annotated", "predicted")


def test_of_a_thousand_labels_the_most_frequent_are_shown() -> None:
    counts = pd.DataFrame([[i % 200, 0] for i in range(1000)], columns=["a", "b"])
    shown = most_frequent(counts)
    assert shown.shape == (40, 1)
    assert shown["a"].min() >= 190 and list(shown.index) == sorted(shown.index)


@pytest.mark.parametrize("images", [3, 5000])
def test_a_panel_a_number(images: int) -> None:
    pair = pd.DataFrame({"annotated": range(images), "predicted": range(images)})
    figure = agreement_figure({"valence": pair, "arousal": pair}, {"valence": "Pearson 1", "arousal": ""})
    assert [ax.get_xlabel() for ax in figure.axes] == ["annotated valence", "annotated arousal"]
    assert figure.axes[0].get_title(loc="left") == "Pearson 1"
    assert len(figure.axes[0].collections) == 1
