import pytest
import torch
from torch import nn

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.coalitions import Coalitions, _trusted
from emocam.classifier.base import Classifier
from emocam.classifier.torchvision import TorchvisionClassifier


def slow_scores(forward: ForwardPass, mask: torch.Tensor) -> torch.Tensor:
    """Each image and coalition by itself, through the classifier's own head."""
    scores = torch.zeros(len(forward.activation), mask.shape[1])
    for b, activation in enumerate(forward.activation.detach()):
        for s, present in enumerate(mask[b if len(mask) > 1 else 0]):
            changed = activation.clone()
            changed[present == 0] = 0
            logits = forward.head(changed[None], torch.tensor([b]))[0]
            values = logits if forward.score_kind == "logit" else logits.softmax(-1)
            scores[b, s] = values[forward.target[b]]
    return scores


def random_masks(forward: ForwardPass, images: int, coalitions: int = 9) -> torch.Tensor:
    channels = forward.activation.shape[1]
    return (
        torch.rand(images, coalitions, channels, generator=torch.Generator().manual_seed(3)) < 0.6
    ).float()


@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize("images", [1, 3])
def test_the_sum_over_channels_says_what_the_head_says(forward_of, score, images):
    forward = forward_of(score=score)
    coalitions, mask = Coalitions(forward), random_masks(forward, images)
    assert coalitions.summing is not None
    expected = slow_scores(forward, mask)
    assert torch.allclose(coalitions.scores(mask), expected, rtol=1e-4, atol=1e-5 * expected.abs().max())
    assert torch.allclose(coalitions.plain_scores(mask.expand(3, -1, -1)), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_each_channel_by_itself_is_a_coalition_too(forward_of, score):
    forward = forward_of(score=score)
    without = Coalitions(forward).scores_without_each()
    channels = forward.activation.shape[1]
    some = [0, 1, channels // 2, channels - 1]
    expected = slow_scores(forward, (1 - torch.eye(channels))[None, some])
    assert torch.allclose(without[:, some], expected, rtol=1e-4, atol=1e-5 * expected.abs().max())


def test_a_head_that_is_no_sum_is_asked_plainly():
    mixed = TorchvisionClassifier("resnet18", layer="layer3", weights="random")
    forward = ForwardPass(mixed, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    coalitions = Coalitions(forward)
    assert coalitions.summing is None
    mask = random_masks(forward, 1, 3)
    assert torch.allclose(coalitions.scores(mask), slow_scores(forward, mask), rtol=1e-4, atol=1e-5)
    forward.activation.data[:, 5] = 0
    silent = Coalitions(forward).scores_without_each()
    assert torch.equal(silent[:, 5], forward.scores)
    mask = (1 - torch.eye(silent.shape[1]))[None, :4]
    assert torch.allclose(silent[:, :4], slow_scores(forward, mask), rtol=1e-4, atol=1e-5)


class Turned(Classifier):
    """Flattens the channels last, so that no block of the linear layer's inputs is one channel."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.labels, self.features = ["a", "b"], nn.Conv2d(3, 6, 3)
        self.head = self.Head()

    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(6 * 16, 2)

        def forward(self, x):
            return self.linear(x.reshape(len(x), 4, 24).mean(1).repeat(1, 4).flatten(1))


class Reordered(Turned):
    class Head(Turned.Head):
        def forward(self, x):
            return self.linear(x.flatten(2).transpose(1, 2).flatten(1))


class Disguised(Turned):
    """Only allowed steps, but their mean goes over channels."""

    class Head(Turned.Head):
        def forward(self, x):
            return self.linear(
                (x.view(-1, 6 * 16)).flatten(1).view(-1, 16, 6).mean(2).view(-1, 16).flatten(1)
            )

        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(16, 2)


@pytest.mark.parametrize("kind", [Turned, Reordered, Disguised])
def test_a_head_that_only_looks_like_a_sum_is_found_out(kind):
    net = kind().freeze()
    forward = ForwardPass(net, torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0)))
    coalitions = Coalitions(forward)
    assert coalitions.summing is None and _trusted[net.head] is None
    mask = random_masks(forward, 2, 3)
    assert torch.allclose(coalitions.scores(mask), slow_scores(forward, mask), atol=1e-6)


@pytest.mark.parametrize("model", ["alexnet", "mobilenet_v3_small", "densenet121", "shufflenet_v2_x0_5"])
def test_common_networks_end_in_a_sum(model):
    net = TorchvisionClassifier(model, weights="random")
    forward = ForwardPass(net, torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    coalitions = Coalitions(forward)
    assert coalitions.summing is not None
    mask = random_masks(forward, 1, 3)
    plain = coalitions.plain_scores(mask)
    assert torch.allclose(coalitions.scores(mask), plain, rtol=1e-3, atol=1e-4 * float(plain.abs().max()))


def test_batches_are_cut_to_what_may_be_held(monkeypatch, small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    mask = random_masks(forward, 3, 7)
    whole, plain = Coalitions(forward).scores(mask), Coalitions(forward).plain_scores(mask)
    monkeypatch.setattr("emocam.cam.coalitions.HELD", 70)
    assert torch.allclose(Coalitions(forward).scores(mask), whole, atol=1e-6)
    assert torch.allclose(Coalitions(forward).plain_scores(mask), plain, atol=1e-6)
