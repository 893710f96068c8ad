"""Cells in which an object goes with a label in the model but not in the data, or the other way round.

The intervals are those of each share by itself. Both shares come from the same pictures, which makes
them more similar than those of two samples, so that shares whose intervals do not meet do differ.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from emocam.cells.occurrences import Counted
from emocam.functional.statistics.wilson import wilson

LEVEL = 0.05
"""Of all sentences together: the chance that any is said of pictures in which nothing differs."""
FEW = 20
"""The fewest images of a label for a sentence about it."""


@dataclass(frozen=True)
class Disagreement:
    """A sentence, and the difference in points of the two shares that it compares."""

    sentence: str
    points: float


def disagreements(
    called: Counted,
    true: Counted,
    objects: list[str],
    labels: list[str],
    worth: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[Disagreement]:
    """Find disagreements, the widest first, of images counted by the classifier's labels and by people's.

    Model: more of a label's pictures have the object when the classifier says so than when people do,
    and more than its other pictures. Data: more of a label's true pictures have the object than
    others have, and yet it is looked at less there than the label's objects on the whole.
    """
    sentences = []
    if worth is not None:
        called, true = (
            _weighed(counted, share) for counted, share in zip((called, true), worth, strict=True)
        )
    enough = (called.images >= FEW) & (true.images >= FEW)
    share_called, share_true = _share(called.present, called.images), _share(true.present, true.images)
    asked = enough & (called.present.sum(1, keepdims=True) > 0)
    z = float(ndtri(1 - LEVEL / (2 * max(1, 2 * int(asked.sum())))))  # two sentences may be said of each cell
    low_called, _ = wilson(called.present, _like(called), z)
    low_true, high_true = wilson(true.present, _like(true), z)
    model = enough & (low_called > high_true) & (low_called > _high_elsewhere(called, z))
    for o, la in np.argwhere(model):
        points = share_called[o, la] - share_true[o, la]
        words = _model_words(objects[o], labels[la], called, true, o, la)
        sentences.append(Disagreement(words, points))
    share_used = _share(true.kept, true.present)
    usual = _share(true.kept.sum(0), true.present.sum(0))
    _, high_use = wilson(true.kept, true.present, z)
    data = enough & (low_true > _high_elsewhere(true, z)) & (100 * high_use < usual)
    for o, la in np.argwhere(data):
        words = _data_words(objects[o], labels[la], true, o, la, usual[la])
        sentences.append(Disagreement(words, usual[la] - share_used[o, la]))
    return sorted(sentences, key=lambda disagreement: -disagreement.points)


def _model_words(object: str, label: str, called: Counted, true: Counted, row: int, column: int) -> str:
    """Return the sentence on an object that is more often in the pictures called so than in those that are so."""
    of_called, of_true = called.images[column], true.images[column]
    share_called, share_true = called.present[row, column] / of_called, true.present[row, column] / of_true
    return (
        f"{object} comes with {label} more where the classifier says so ({100 * share_called:.0f} % of "
        f"{of_called:,.0f} pictures) than where people do ({100 * share_true:.0f} % of {of_true:,.0f}): "
        "a habit of the model, not of the data"
    )


def _data_words(object: str, label: str, true: Counted, row: int, column: int, usual: float) -> str:
    """Return the sentence on an object that comes with people's label and is not looked at."""
    images, present = true.images[column], true.present[row, column]
    return (
        f"{object} comes with {label} as people label it ({100 * present / images:.0f} % of {images:,.0f} pictures), "
        f"but is looked at in {true.kept[row, column]:,.0f} of these {present:,.0f} (any object there: {usual:.0f} %): "
        "a habit of the data, not of the model"
    )


def _share(count: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the share in percent; NaN of nothing."""
    return 100 * count / np.where(total > 0, total, np.nan)


def _like(counted: Counted) -> np.ndarray:
    return np.broadcast_to(counted.images, counted.present.shape)


def _weighed(counted: Counted, worth: np.ndarray) -> Counted:
    """Return as many pictures as those of each label (L,) are worth."""
    return Counted(counted.images * worth, counted.present * worth, counted.kept * worth)


def _high_elsewhere(counted: Counted, z: float) -> np.ndarray:
    """Return the upper end of an object's share (O, L) of the pictures of all other labels."""
    others = counted.images.sum() - _like(counted)
    return wilson(counted.present.sum(1, keepdims=True) - counted.present, others, z)[1]
