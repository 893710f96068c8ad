from itertools import combinations
from math import comb

import pytest
import torch
from captum.attr import ShapleyValues, ShapleyValueSampling
from scipy.stats import pearsonr
from torch import nn

from emocam.cam.base import ForwardPass
from emocam.cam.shapley import ShapleyCAM
from emocam.classifier.base import Classifier
from emocam.errors import SettingError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def of_head(*modules: nn.Module, score: str = "logit") -> ForwardPass:
    """Six channels through a small head."""
    torch.manual_seed(0)
    for module in modules:
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    net = Classifier()
    net.features, net.head, net.labels = nn.Identity(), nn.Sequential(*modules), list("abcd")
    return ForwardPass(net.freeze(), 3 * torch.randn(2, 6, 4, 4), score=score)


HEADS = {
    "fully connected": lambda: [
        *(nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, 4)),
    ],
    "convolution": lambda: [
        *(nn.Conv2d(6, 5, 3), nn.Tanh(), nn.AdaptiveMaxPool2d(1)),
        *(nn.Flatten(), nn.Linear(5, 4)),
    ],
}


def enumerated(forward: ForwardPass) -> torch.Tensor:
    """Shapley values (B, 6) by their definition."""
    everyone = range(6)

    def score(there: tuple[int, ...]) -> torch.Tensor:
        mask = torch.tensor([float(k in there) for k in everyone])
        return forward.score_of(forward.activation.detach() * mask[:, None, None]).detach()

    values = torch.zeros(len(forward.activation), 6)
    for k in everyone:
        for size in range(6):
            for others in combinations([j for j in everyone if j != k], size):
                gain = score((*others, k)) - score(others)
                values[:, k] += gain / (6 * comb(5, size))
    return values


@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize("head", HEADS)
def test_estimates_lie_within_their_standard_error_of_the_definition(head, score):
    forward = of_head(*HEADS[head](), score=score)
    exact = enumerated(forward)
    estimate = ShapleyCAM(pairs=400).estimate(forward)
    off = (estimate.value - exact).abs() / estimate.standard_error.clamp(min=1e-7)
    assert (off < 4).all() and off.median() < 1.5
    assert torch.allclose(estimate.value, exact, atol=0.05 * float(exact.abs().max()))


@pytest.mark.parametrize("head", HEADS)
def test_captum_finds_the_same(head):
    forward = of_head(*HEADS[head]())
    mask = torch.arange(6).view(1, 6, 1, 1).expand(1, 6, 4, 4).contiguous()
    activation = forward.activation.detach()
    theirs = ShapleyValues(forward.head.module).attribute(
        activation, target=forward.target, feature_mask=mask
    )
    assert torch.allclose(enumerated(forward), theirs[:, :, 0, 0], atol=1e-5)


def test_captums_sampling_agrees_on_both_networks(classifier, forward):
    weights = ShapleyCAM(pairs=20).channel_weights(forward)
    if classifier.labels != ["awe", "fear", "joy", "calm"]:
        # behind mean pooling each order gives the same: weight times mean
        linear = next(m for m in classifier.head.modules() if isinstance(m, nn.Linear))
        expected = linear.weight[forward.target] * forward.activation.detach().mean((-2, -1))
        assert torch.allclose(weights, expected, atol=1e-4 * float(expected.abs().max()))
        return
    activation = forward.activation.detach()
    channels = activation.shape[1]
    mask = torch.arange(channels).view(1, channels, 1, 1).expand_as(activation[:1]).contiguous()
    library = ShapleyValueSampling(forward.head.module)
    theirs = library.attribute(activation, target=forward.target, feature_mask=mask, n_samples=60)[:, :, 0, 0]
    assert all(pearsonr(w, t)[0] > 0.97 for w, t in zip(weights, theirs, strict=True))


@pytest.mark.parametrize("pairs", [1, 3])
def test_values_sum_to_what_the_score_differs_by_whatever_was_drawn(forward, pairs):
    values = ShapleyCAM(pairs=pairs, seed=pairs).channel_weights(forward)
    expected = forward.scores - forward.score_of(torch.zeros_like(forward.activation)).detach()
    assert torch.allclose(values.sum(1), expected, atol=1e-4 * float(forward.logits.abs().max()))


def test_going_backwards_too_makes_pairs_of_channels_exact():
    """Of two channels the two orders are all there are."""
    net = Classifier()
    net.features, net.labels = nn.Identity(), ["a"]

    class Product(nn.Module):
        def forward(self, x):
            return (x[:, 0] * x[:, 1] + x[:, 0]).flatten(1)

    net.head = Product()
    forward = ForwardPass(net.freeze(), torch.tensor([2.0, 3.0]).view(1, 2, 1, 1))
    assert ShapleyCAM(pairs=1).channel_weights(forward)[0].tolist() == pytest.approx([3 + 2, 3])


def test_the_standard_error_shrinks_with_the_pairs_and_one_pair_has_none():
    forward = of_head(*HEADS["fully connected"]())
    one, few, many = (ShapleyCAM(pairs=n).estimate(forward).standard_error for n in (1, 8, 128))
    assert one.isnan().all()
    assert few.mean() / many.mean() == pytest.approx(4, rel=0.5)


def test_settings_that_cannot_be_are_named():
    with pytest.raises(SettingError, match=r"cam\.pairs must be at least 1, got 0"):
        ShapleyCAM(pairs=0)
