import pytest
import torch
from pytorch_grad_cam import HiResCAM as Library

from emocam.cam.gradcam import GradCAM
from emocam.cam.hirescam import HiResCAM


def test_the_library_draws_the_same(forward, positive, agrees):
    agrees(HiResCAM(), forward, Library)
    agrees(HiResCAM(), positive, Library)


def test_behind_mean_pooling_the_map_adds_up_to_the_score(resnet, resnet_batch):
    forward = HiResCAM().forward_pass(resnet, resnet_batch)
    bias = forward.logits.detach() - forward.head(forward.activation).detach()
    assert not bias.any()
    nothing = forward.score_of(torch.zeros_like(forward.activation)).detach()
    assert torch.allclose(HiResCAM().raw(forward).sum((-2, -1)), forward.scores - nothing, atol=1e-5)


@pytest.mark.parametrize("positive_gradient", [1.0, 2.0])
def test_places_are_not_averaged(positive, positive_gradient):
    positive.activation = torch.tensor([[[[1.0, 1.0]]]])
    positive.gradient = torch.tensor([[[[positive_gradient, 0.0]]]])
    assert HiResCAM().raw(positive).tolist() == [[[positive_gradient, 0.0]]]
    assert GradCAM().raw(positive).tolist() == [[[positive_gradient / 2, positive_gradient / 2]]]
