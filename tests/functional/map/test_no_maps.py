"""A block in which no picture could be used has no maps and no regions."""

import torch

from emocam.functional.map.chance import box_chance, pass_rates
from emocam.functional.map.chance_masks import mask_chance
from emocam.functional.map.maps import box_means


def test_nothing_is_measured_in_no_maps() -> None:
    maps, none = torch.zeros(0, 1, 1), torch.zeros(0, 4)
    image = torch.zeros(0, dtype=torch.int64)
    assert pass_rates(maps, none, none, image, 0.3).shape == (0,)
    assert box_chance(maps, none, none, image).anywhere.shape == (0,)
    assert box_means(maps, none, none, image).shape == (0,)
    assert mask_chance(maps, none, none, torch.zeros(0, 28, 28), image).anywhere.shape == (0,)
