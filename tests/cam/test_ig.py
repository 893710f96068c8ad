import pytest
import torch
from captum.attr import IntegratedGradients as Captum

from emocam.cam.base import CAM
from emocam.cam.ig import IntegratedGradients
from emocam.errors import SettingError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_captum_says_the_same(forward_of, score):
    forward = forward_of(score=score)

    def explained(x):
        logits = forward.head.module(x)
        return logits if score == "logit" else logits.softmax(-1)

    theirs = Captum(explained).attribute(
        forward.activation.detach(), target=forward.target, n_steps=32, method="riemann_middle"
    )
    weights, expected = IntegratedGradients().channel_weights(forward), theirs.sum((-2, -1)).float()
    assert torch.allclose(weights, expected, atol=2e-5 * float(expected.abs().max()))


def test_weights_sum_to_what_the_score_differs_by(forward):
    weights = IntegratedGradients(steps=256).channel_weights(forward)
    expected = forward.scores - forward.score_of(torch.zeros_like(forward.activation)).detach()
    assert torch.allclose(weights.sum(1), expected, rtol=0.02, atol=1e-4)


def test_one_step_is_the_gradient_half_way_by_hand(small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    half = (forward.activation.detach() / 2).requires_grad_()
    (gradient,) = torch.autograd.grad(forward.score_of(half).sum(), half)
    mean = IntegratedGradients(steps=1).mean_gradient(forward, forward.activation.detach())
    assert torch.allclose(mean, gradient, atol=1e-6)


def test_steps_are_held_a_few_at_a_time(monkeypatch, small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    whole = IntegratedGradients().channel_weights(forward)
    monkeypatch.setattr("emocam.cam.ig.HELD", 5 * forward.activation[0].numel())
    assert torch.allclose(IntegratedGradients().channel_weights(forward), whole, atol=1e-5)


def test_too_few_steps_are_told(small, small_batch):
    forward = CAM("probability").forward_pass(small, small_batch)
    forward.activation.data *= 30
    forward.logits = forward.head(forward.activation)
    with pytest.raises(SettingError, match=r"^cam=ig: .* do not add up; .* needed: cam\.steps=8$"):
        IntegratedGradients("probability", steps=2, tolerance=1e-3).channel_weights(forward)


def test_settings_that_cannot_be_are_named():
    with pytest.raises(SettingError, match=r"cam\.steps must be at least 1, got 0"):
        IntegratedGradients(steps=0)
    with pytest.raises(SettingError, match=r"cam\.tolerance must be above 0, got -0\.1"):
        IntegratedGradients(tolerance=-0.1)
