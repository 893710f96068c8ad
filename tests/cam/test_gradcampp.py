import torch
from pytorch_grad_cam import GradCAMPlusPlus as Library

from emocam.cam.gradcampp import GradCAMPlusPlus


def test_the_library_draws_the_same(forward, positive, agrees):
    agrees(GradCAMPlusPlus(), forward, Library, share=1e-4)  # near-zero divisors magnify rounding
    agrees(GradCAMPlusPlus(), positive, Library, share=1e-4)


def test_one_cell_by_hand(positive):
    positive.activation = torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]])
    positive.gradient = torch.tensor([[[[0.5, 0.0]], [[-0.5, 0.25]]]])
    first = 0.5 * 0.25 / (2 * 0.25 + 0.125 * 4 + 1e-6)
    second = 0.25 * 0.0625 / (2 * 0.0625 + 0.015625 * 2 + 1e-6)
    weights = GradCAMPlusPlus().channel_weights(positive)
    assert torch.allclose(weights, torch.tensor([[first, second]]))


def test_gradients_of_zero_weigh_nothing(positive):
    positive.gradient = torch.zeros_like(positive.activation)
    assert not GradCAMPlusPlus().channel_weights(positive).any()
