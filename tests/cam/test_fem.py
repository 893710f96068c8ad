import torch
from pytorch_grad_cam import fem as library

from emocam.cam.fem import FEM


def test_the_library_draws_the_same(forward, positive, agrees):
    agrees(FEM(), forward, library.FEM)
    agrees(FEM(), positive, library.FEM)


def test_one_cell_in_eight_stands_out(positive):
    positive.activation = torch.tensor([0.0, 0, 0, 0, 0, 0, 0, 8]).view(1, 1, 2, 4)
    # mean 1, standard deviation sqrt(7): 8 > 1 + 2 * 2.65, but not above 1 + 3 * 2.65
    assert FEM().channel_weights(positive).tolist() == [[0.125]]
    assert FEM(deviations=3).channel_weights(positive).tolist() == [[0.0]]
