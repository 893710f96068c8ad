import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM as LibraryGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torchvision import models

from emocam.cam.base import ForwardPass
from emocam.cam.gradcam import GradCAM
from emocam.classifier.torchvision import TorchvisionClassifier


@pytest.mark.parametrize(
    ("model", "layer"),
    [("resnet18", "layer4"), ("vgg16_bn", "features.42"), ("mobilenet_v3_small", "features.12")],
)
def test_the_library_draws_the_same_on_the_whole_network(model, layer, monkeypatch):
    torch.manual_seed(0)
    network = models.get_model(model, weights=None).eval()
    monkeypatch.setattr("torchvision.models.get_model", lambda *_, **__: network)
    ours = TorchvisionClassifier(model, layer, "random")
    x = torch.randn(2, 3, 64, 96)
    forward = ForwardPass(ours, x)
    raw = GradCAM().raw(forward)

    hooked = network.get_submodule(layer)
    library = LibraryGradCAM(network, [hooked])
    library(x.clone().requires_grad_(), [ClassifierOutputTarget(int(label)) for label in forward.target])
    seen = library.activations_and_grads
    activation, gradient = seen.activations[0].numpy(), seen.gradients[0].numpy()
    theirs = library.get_cam_image(x, hooked, [], activation, gradient)
    assert np.abs(raw.numpy() - theirs).max() <= 1e-5 * np.ptp(theirs)


def test_a_weight_is_the_mean_slope_of_the_score(small, small_batch):
    forward = GradCAM("probability", "joy").forward_pass(small, small_batch)
    weights, step = GradCAM().channel_weights(forward), 1e-4
    for channel in (0, 7):
        up, down = forward.activation.detach().clone(), forward.activation.detach().clone()
        up[:, channel] += step
        down[:, channel] -= step
        slope = (forward.score_of(up) - forward.score_of(down)).detach() / (2 * step)
        cells = up.shape[-1] * up.shape[-2]
        assert torch.allclose(weights[:, channel], slope / cells, atol=2e-5)
