import torch
from pytorch_grad_cam import XGradCAM as Library

from emocam.cam.gradcam import GradCAM
from emocam.cam.xgradcam import XGradCAM


def test_the_library_draws_the_same(forward, positive, agrees):
    agrees(XGradCAM(), forward, Library, share=1e-4)  # a sum of both signs may be near zero
    agrees(XGradCAM(), positive, Library)


def test_gradients_count_by_the_share_of_activation(positive):
    positive.activation = torch.tensor([[[[1.0, 3.0]]]])
    positive.gradient = torch.tensor([[[[8.0, 4.0]]]])
    assert torch.allclose(XGradCAM().channel_weights(positive), torch.tensor([[8 / 4 + 4 * 3 / 4]]))


def test_behind_mean_pooling_it_is_gradcam(resnet, classifier, forward):
    if classifier is resnet:
        ours, gradcam = XGradCAM().raw(forward), GradCAM().raw(forward)
        assert torch.allclose(ours, gradcam, atol=1e-5 * float(gradcam.abs().max()))
