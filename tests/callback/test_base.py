"""What callbacks share."""

from collections.abc import Callable

import pytest

from emocam.callback.cells import Cells
from emocam.callback.observers import Observers
from emocam.callback.slices import Slices
from emocam.callback.stability import Stability
from emocam.errors import SettingError


@pytest.mark.parametrize(
    ("made", "setting"),
    [
        (lambda draws: Cells(resamples=draws), "callback.cells.resamples"),
        (lambda draws: Slices(resamples=draws), "callback.slices.resamples"),
        (lambda draws: Observers(resamples=draws), "callback.observers.resamples"),
        (lambda draws: Stability(draws=draws), "callback.stability.draws"),
    ],
)
@pytest.mark.parametrize("draws", [0, -1, 2.5, True])
def test_draws_that_give_no_interval_are_told(
    made: Callable[[object], object], setting: str, draws: object
) -> None:
    with pytest.raises(SettingError, match=f"{setting} must be a whole number of at least 1, got {draws}"):
        made(draws)
