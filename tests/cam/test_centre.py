import math

import pytest
import torch

from emocam.cam.centre import Centre
from emocam.errors import SettingError


def test_the_middle_is_highest_and_a_corner_is_what_the_gaussian_says(positive):
    positive.activation = torch.zeros(2, 1, 3, 5)
    raw = Centre(sigma=0.2).raw(positive)
    assert raw.shape == (2, 3, 5) and raw[0].argmax() == 7 and raw[0, 1, 2] == 1
    assert raw[1, 0, 4].item() == pytest.approx(math.exp(-((1 / 3) ** 2 + 0.4**2) / (2 * 0.04)))


def test_a_width_of_zero_is_named():
    with pytest.raises(SettingError, match=r"cam\.sigma must be above 0, got 0"):
        Centre(sigma=0)
