import pytest
import torch
from captum.attr import DeepLift
from torch import nn

from emocam.cam.base import ForwardPass
from emocam.cam.completeness import check_sums
from emocam.cam.lift import LIFTCAM
from emocam.classifier.base import Classifier
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.errors import SettingError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def of_head(*modules: nn.Module, rectified: bool = False, images: int = 3, **settings: object) -> ForwardPass:
    """A pass of random activations (B, 6, 9, 9) through a head with random weights."""
    torch.manual_seed(0)
    for module in modules:
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.reset_parameters()
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    net = Classifier()
    net.features, net.head, net.labels = nn.Identity(), nn.Sequential(*modules), list("abcd")
    activation = 2 * torch.randn(images, 6, 9, 9)
    return ForwardPass(net.freeze(), activation.relu() if rectified else activation, **settings)


def captum(forward: ForwardPass) -> torch.Tensor:
    """captum's weights (B, C)."""
    activation = forward.activation.detach().clone().requires_grad_()
    found = DeepLift(forward.head.module).attribute(activation, target=forward.target)
    return found.detach().sum((-2, -1))


def differences(forward: ForwardPass) -> torch.Tensor:
    return (forward.scores - forward.score_of(torch.zeros_like(forward.activation))).detach()


def fully_connected(pixels: int) -> list[nn.Module]:
    return [nn.Flatten(), nn.Linear(pixels, 16), nn.ReLU(), nn.Linear(16, 4)]


def test_captum_says_the_same_of_both_networks(forward):
    weights, theirs = LIFTCAM().channel_weights(forward), captum(forward)
    assert torch.allclose(weights, theirs, atol=1e-5 * float(theirs.abs().max()))


@pytest.mark.parametrize(
    "modules",
    [
        (nn.ReLU(), nn.MaxPool2d(3, 2), *fully_connected(6 * 16)),
        (nn.Conv2d(6, 8, 3), nn.ReLU(), nn.MaxPool2d(2), *fully_connected(8 * 9)),
        (nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(3), *fully_connected(8 * 4)),
    ],
    ids=["overlapping pool after a ReLU", "convolution, pool", "convolution, norm, mean"],
)
def test_captum_says_the_same_where_it_is_right(modules):
    forward = of_head(*modules)
    weights, theirs = LIFTCAM().channel_weights(forward), captum(forward)
    assert torch.allclose(weights, theirs, atol=1e-5 * float(theirs.abs().max()))


def slow_pool_first(activation: torch.Tensor, head: nn.Sequential, label: int) -> torch.Tensor:
    """Weights (C,) behind MaxPool2d(3, 2), Flatten, Linear, ReLU, Linear, a number at a time."""
    _, _, first, _, last = head
    pooled = head[0](activation[None])[0]
    z, z0 = first(pooled.flatten()), first.bias
    multiplier = torch.stack(
        [
            (a.relu() - b.relu()) / (a - b) if abs(a - b) > 1e-6 else (a > 0).float()
            for a, b in zip(z, z0, strict=True)
        ]
    )
    at_pooled = ((last.weight[label] * multiplier) @ first.weight).view_as(pooled)
    weights = torch.zeros(len(activation))
    for c, y, x in [(c, y, x) for c in range(len(activation)) for y in range(4) for x in range(4)]:
        weights[c] += at_pooled[c, y, x] * activation[c, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3].max()
    return weights


def test_an_overlapping_pool_that_opens_the_head_is_right_and_captums_is_not():
    """captum puts back what a place wins in one window only, not in all the windows that it wins."""
    forward = of_head(nn.MaxPool2d(3, 2), *fully_connected(6 * 16), rectified=True)
    weights = LIFTCAM().channel_weights(forward)
    for i, label in enumerate(forward.target):
        slow = slow_pool_first(forward.activation.detach()[i], forward.head.module, label)
        assert torch.allclose(weights[i], slow, atol=1e-5)
    off = (captum(forward).sum(1) - differences(forward)).abs() / differences(forward).abs()
    assert (off > 0.1).all()


@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize(
    "modules",
    [
        (nn.MaxPool2d(3, 2), *fully_connected(6 * 16)),
        (nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8), nn.MaxPool2d(3, 2, padding=1), *fully_connected(8 * 16)),
        (nn.Conv2d(6, 8, 3), nn.GELU(), nn.AdaptiveMaxPool2d(2), *fully_connected(8 * 4)),
        (nn.Conv2d(6, 8, 3, padding=1, groups=2), nn.SiLU(), nn.AvgPool2d(9), nn.Flatten(), nn.Linear(8, 4)),
    ],
    ids=["pool", "signed pool", "GELU and adaptive pool", "SiLU and mean"],
)
def test_weights_sum_to_what_the_score_differs_by(modules, score):
    forward = of_head(*modules, score=score, target=1)
    weights = LIFTCAM().channel_weights(forward)
    assert torch.allclose(weights.sum(1), differences(forward), atol=2e-6)


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_weights_sum_on_both_networks_for_either_score(forward_of, score):
    forward = forward_of(score=score)
    weights, expected = LIFTCAM().channel_weights(forward), differences(forward)
    assert torch.allclose(weights.sum(1), expected, atol=1e-4 * float(expected.abs().max()))


def test_confident_probabilities_are_complete_too():
    forward = of_head(nn.ReLU(), nn.MaxPool2d(3, 2), *fully_connected(6 * 16), score="probability")
    forward.activation.data *= 300
    forward.logits = forward.head(forward.activation)
    assert forward.logits.detach().std() > 30 and (differences(forward) > 0.5).any()
    weights = LIFTCAM("probability").channel_weights(forward)
    assert torch.allclose(weights.sum(1), differences(forward), atol=1e-3)


def test_what_flows_around_the_layer_is_there_without_it_too():
    net = TorchvisionClassifier("resnet18", layer="layer4.1.bn2", weights="random")
    forward = ForwardPass(net, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert forward.head.bypass
    weights = LIFTCAM().channel_weights(forward)
    assert torch.allclose(weights.sum(1), differences(forward), atol=1e-5 * float(forward.logits.abs().max()))


def test_a_linear_head_weighs_by_its_weights():
    forward = of_head(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4), target=2)
    expected = forward.head.module[2].weight[2] * forward.activation.mean((-2, -1))
    assert torch.allclose(LIFTCAM().channel_weights(forward), expected, atol=1e-6)


def test_a_sum_that_fails_is_loud(monkeypatch):
    forward = of_head(nn.ReLU(), nn.MaxPool2d(3, 2), *fully_connected(6 * 16))
    monkeypatch.setattr("emocam.cam.lift.Rescale.activation", lambda self, function, x: function(x))
    with pytest.raises(SettingError) as error:
        LIFTCAM().channel_weights(forward)
    told = str(error.value)
    assert told.startswith("cam=lift: the contributions of ") and told.endswith("take cam=ig")


def test_the_check_tells_the_worst_image_and_does_not_overlook_nan():
    parts = torch.tensor([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]])
    with pytest.raises(SettingError, match=r"of 1 of 3 images do not add up; expected 9, found 3; do x$"):
        check_sums("y", [parts], torch.tensor([3.0, 9.0, 0.0]), torch.ones(3), "do x")
    with pytest.raises(SettingError, match=r"expected 1, found nan"):
        check_sums("y", [torch.tensor([[torch.nan]])], torch.ones(1), torch.ones(1), "do x")
    check_sums("y", [parts], torch.tensor([3.0, 3.0, 0.0]), torch.ones(3), "do x")
