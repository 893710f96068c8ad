import copy
from collections.abc import Callable

import pytest
import torch
import zennit.rules
from captum.attr import LRP as Captum  # noqa: N811
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule, GammaRule, PropagationRule
from torch import nn
from zennit.attribution import Gradient
from zennit.composites import LayerMapComposite, layer_map_base
from zennit.types import Convolution, Linear

from emocam.cam.base import ForwardPass
from emocam.cam.lrp import LRP
from emocam.classifier.base import Classifier
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.errors import SettingError
from emocam.network.flatten import Flatten

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

ZENNIT = {
    "epsilon": zennit.rules.Epsilon(0.1),
    "gamma": zennit.rules.Gamma(0.5),
    "alpha1beta0": zennit.rules.AlphaBeta(1, 0),
    "zplus": zennit.rules.ZPlus(zero_params="bias"),
}


def fully_connected(pixels: int, bias: bool = True) -> list[nn.Module]:
    return [Flatten(), nn.Linear(pixels, 16, bias), nn.ReLU(), nn.Linear(16, 4, bias)]


def of_head(*modules: nn.Module, target: int | None = None, score: str = "logit") -> ForwardPass:
    """A pass of random activations (3, 6, 9, 9) through a head with random weights."""
    torch.manual_seed(0)
    for module in modules:
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.reset_parameters()
    net = Classifier()
    net.features, net.head, net.labels = nn.Identity(), nn.Sequential(*modules), list("abcd")
    return ForwardPass(net.freeze(), 2 * torch.randn(3, 6, 9, 9), target=target, score=score)


HEADS = {
    "overlapping pool": lambda: of_head(nn.ReLU(), nn.MaxPool2d(3, 2), *fully_connected(6 * 16), target=1),
    "signed convolution": lambda: of_head(
        nn.Conv2d(6, 8, 3, padding=1, groups=2), nn.ReLU(), nn.AvgPool2d(3), *fully_connected(8 * 9), target=0
    ),
}


def by_zennit(forward: ForwardPass, rule: str) -> torch.Tensor:
    """Relevance (B, C, h, w)."""
    composite = LayerMapComposite(
        [(Convolution, ZENNIT[rule]), (Linear, ZENNIT[rule]), *layer_map_base(stabilizer=1e-12)]
    )
    head, labels = copy.deepcopy(forward.head.module), forward.logits.shape[1]
    start = nn.functional.one_hot(forward.target, labels)
    with Gradient(head, composite) as attributor:
        return attributor(forward.activation.detach().clone(), lambda logits: logits * start)[1]


@pytest.mark.parametrize("rule", ZENNIT)
@pytest.mark.parametrize("head", HEADS)
def test_zennit_says_the_same(head, rule):
    forward = HEADS[head]()
    relevance = LRP(rule=rule, epsilon=0.1, gamma=0.5).relevance(forward)
    theirs = by_zennit(forward, rule)
    assert torch.allclose(relevance, theirs, atol=1e-5 * float(theirs.abs().max()))


@pytest.mark.parametrize("rule", ZENNIT)
def test_zennit_says_the_same_of_both_networks(forward, rule):
    weights = LRP(rule=rule, epsilon=0.1, gamma=0.5).channel_weights(forward)
    theirs = by_zennit(forward, rule).sum((-2, -1))
    assert torch.allclose(weights, theirs, atol=1e-4 * float(theirs.abs().max()))


def by_captum(forward: ForwardPass, rule: Callable[[], PropagationRule]) -> torch.Tensor:
    head = copy.deepcopy(forward.head.module)
    for module in head.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.rule = rule()
    activation = forward.activation.detach().clone().requires_grad_()
    return Captum(head).attribute(activation, target=forward.target).detach()


@pytest.mark.parametrize("head", HEADS)
def test_captums_epsilon_is_the_same(head):
    forward = HEADS[head]()
    theirs = by_captum(forward, EpsilonRule)
    for relevance in (LRP().relevance(forward), LRP().walked(forward)):
        assert torch.allclose(relevance, theirs, atol=1e-5 * float(theirs.abs().max()))


def test_captums_other_rules_are_the_same_without_biases():
    forward = of_head(nn.ReLU(), nn.MaxPool2d(3, 2), *fully_connected(6 * 16, bias=False))
    assert (forward.scores > 0).all()  # captum's gamma does not ask for an output's sign
    for rule, theirs in (("gamma", GammaRule), ("alpha1beta0", Alpha1_Beta0_Rule)):
        relevance, expected = LRP(rule=rule).relevance(forward), by_captum(forward, theirs)
        assert torch.allclose(relevance, expected, atol=1e-5 * float(expected.abs().max()))


def test_captum_counts_negative_biases_among_the_positive_parts():
    """So that its alpha1beta0 hands on more than it received; without biases it is zplus."""
    forward = HEADS["overlapping pool"]()
    ours, theirs = LRP(rule="alpha1beta0").relevance(forward), by_captum(forward, Alpha1_Beta0_Rule)
    assert not torch.allclose(ours, theirs, atol=1e-3 * float(theirs.abs().max()))
    zplus, theirs = LRP(rule="zplus").relevance(forward), by_captum(forward, lambda: Alpha1_Beta0_Rule(True))
    assert torch.allclose(zplus, theirs, atol=1e-5 * float(theirs.abs().max()))


def test_epsilon_on_a_relu_network_is_gradient_times_activation(forward):
    walked = LRP().walked(forward)
    taken = LRP().relevance(forward)
    assert torch.equal(taken, forward.gradient * forward.activation.detach())
    assert torch.allclose(taken, walked, atol=1e-5 * float(walked.abs().max()))


@pytest.mark.parametrize(
    ("bend", "epsilon", "straight"),
    [(nn.ReLU(), 1e-9, True), (nn.GELU(), 1e-9, False), (nn.ReLU(), 0.1, False)],
)
def test_the_gradient_is_taken_only_where_it_is_the_rule(bend, epsilon, straight, monkeypatch):
    forward = of_head(bend, nn.MaxPool2d(3, 2), *fully_connected(6 * 16), target=1)
    lrp = LRP(epsilon=epsilon)
    walked = lrp.walked(forward)
    assert torch.allclose(walked, forward.gradient * forward.activation.detach(), atol=1e-6) is straight
    monkeypatch.setattr(LRP, "walked", lambda self, forward: None)
    assert (lrp.relevance(forward) is not None) is straight


@pytest.mark.parametrize("rule", ZENNIT)
@pytest.mark.parametrize("score", ["logit", "probability"])
def test_without_biases_nothing_is_lost(rule, score):
    modules = nn.ReLU(), nn.MaxPool2d(3, 2), *fully_connected(6 * 16, bias=False)
    forward = of_head(*modules, target=2, score=score)
    relevance = LRP(rule=rule).relevance(forward)
    (entry,) = torch.autograd.grad(forward.score(forward.logits).sum(), forward.logits, retain_graph=True)
    expected = (forward.logits * entry).detach().sum(1)
    assert torch.allclose(relevance.sum((1, 2, 3)), expected, rtol=1e-4, atol=1e-6)
    assert score == "probability" or torch.allclose(expected, forward.scores)


def test_epsilon_keeps_its_part():
    modules = nn.ReLU(), Flatten(), nn.Linear(6 * 81, 4, bias=False)
    forward = of_head(*modules, target=2)
    kept = LRP(epsilon=0.5).relevance(forward).sum((1, 2, 3))
    expected = forward.scores * forward.scores.abs() / (forward.scores.abs() + 0.5)
    assert torch.allclose(kept, expected, atol=1e-6)


def test_the_positive_rules_by_hand():
    layer = nn.Linear(3, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, -1.0, 3.0]]))
        layer.bias.fill_(4.0)
    net = Classifier()
    net.features, net.labels = nn.Identity(), ["a"]
    net.head = nn.Sequential(Flatten(), layer)
    forward = ForwardPass(net.freeze(), torch.tensor([1.0, 3.0, 2.0]).view(1, 3, 1, 1))
    # contributions 2, -3, 6 and the bias 4 make 9
    assert LRP(rule="zplus").channel_weights(forward)[0].tolist() == pytest.approx([9 * 2 / 8, 0, 9 * 6 / 8])
    weights = LRP(rule="alpha1beta0").channel_weights(forward)
    assert weights[0].tolist() == pytest.approx([9 * 2 / 12, 0, 9 * 6 / 12])
    weights = LRP(rule="gamma", gamma=1).channel_weights(forward)
    assert weights[0].tolist() == pytest.approx([9 * 4 / 21, -9 * 3 / 21, 9 * 12 / 21])


@pytest.mark.parametrize("rule", ZENNIT)
def test_relevance_divides_between_a_layer_and_what_flows_around_it(rule):
    net = TorchvisionClassifier("resnet18", layer="layer4.1.bn2", weights="random")
    forward = ForwardPass(net, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert forward.head.bypass
    assert LRP(rule=rule).relevance(forward).isfinite().all()


def test_relevance_that_is_lost_is_loud(monkeypatch):
    forward = HEADS["overlapping pool"]()
    monkeypatch.setattr("emocam.cam.lrp_rules.Relevance.maximum", lambda self, pool, x: pool(x)[0] ** 2)
    monkeypatch.setattr("emocam.cam.lrp_rules.Relevance.activation", lambda self, function, x: x.exp())
    with pytest.raises(SettingError, match=r"^cam=lrp: the contributions of 3 of 3 images do not add up"):
        LRP().walked(forward)


def test_settings_that_cannot_be_are_named():
    with pytest.raises(SettingError, match=r"cam\.rule 'epsilom' is no rule of LRP; did you mean epsilon\?"):
        LRP(rule="epsilom")
    with pytest.raises(SettingError, match=r"cam\.epsilon and cam\.gamma must not be negative, got -1 and 0"):
        LRP(epsilon=-1, gamma=0)
