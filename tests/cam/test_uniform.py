import torch

from emocam.cam.uniform import Uniform


def test_every_place_counts_one(classifier, batch):
    maps = Uniform()(classifier, batch)[1].maps
    assert torch.equal(maps, torch.ones_like(maps)) and len(maps) == 3
