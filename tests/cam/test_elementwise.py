import torch
from pytorch_grad_cam import GradCAMElementWise as Library

from emocam.cam.elementwise import ElementwiseCAM


def test_the_library_draws_the_same(forward, positive, agrees):
    agrees(ElementwiseCAM(), forward, Library)
    agrees(ElementwiseCAM(), positive, Library)


def test_a_channel_against_the_score_takes_nothing_from_another(positive):
    positive.activation = torch.tensor([[[[1.0, 3.0]], [[2.0, -5.0]]]])
    positive.gradient = torch.tensor([[[[0.5, 1.0]], [[-1.0, -2.0]]]])
    assert ElementwiseCAM().raw(positive).tolist() == [[[0.5, 13.0]]]
