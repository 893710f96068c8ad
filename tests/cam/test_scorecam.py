import pytest
import torch
from pytorch_grad_cam import ScoreCAM as Library
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from emocam.cam.base import CAM
from emocam.cam.scorecam import ScoreCAM
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.errors import SettingError


def slow(classifier, forward, image):
    """Weights (C,) of one image, a channel at a time."""
    scores = []
    for channel in forward.activation.detach()[image]:
        size = tuple(forward.x.shape[-2:])
        seen = nn.functional.interpolate(channel[None, None], size, mode="bilinear")[0, 0]
        seen = (seen - seen.min()) / (seen.max() - seen.min())
        logits = classifier(forward.x[[image]] * seen)[0]
        scores.append(logits[forward.target[image]])
    return torch.stack(scores).softmax(0)


def test_a_channel_weighs_by_the_picture_seen_through_it(small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    weights = ScoreCAM().channel_weights(forward)
    expected = torch.stack([slow(small, forward, image) for image in range(3)])
    assert torch.allclose(weights, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["small", "resnet"])
def test_with_aligned_corners_the_library_weighs_the_same(kind, small, small_batch, monkeypatch):
    """The library enlarges with aligned corners, which belongs to no other step of either program."""
    if kind == "resnet":
        network = TorchvisionClassifier("resnet18", "layer1", "random")
        forward = CAM().forward_pass(network, small_batch)
    else:
        network, forward = small, CAM().forward_pass(small, small_batch)
    enlarge = nn.functional.interpolate
    aligned = lambda x, size, mode, align_corners: enlarge(x, size, mode=mode, align_corners=True)  # noqa: E731
    library = Library(network, [nn.Identity()])
    targets = [ClassifierOutputTarget(int(label)) for label in forward.target]
    activation = forward.activation.detach().numpy()
    theirs = torch.from_numpy(library.get_cam_weights(forward.x, None, targets, activation, None))
    ours = ScoreCAM().channel_weights(forward)
    monkeypatch.setattr("emocam.cam.scorecam.F.interpolate", aligned)
    same = ScoreCAM().channel_weights(forward)
    assert torch.allclose(same, theirs, atol=1e-5)
    assert not torch.allclose(ours, theirs, atol=1e-7)


def test_a_channel_that_is_the_same_everywhere_weighs_nothing(small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    forward.activation.data[:, 3] = 2.0
    forward.activation.data[1] = 1.0
    weights = ScoreCAM().channel_weights(forward)
    assert not weights[:, 3].any() and not weights[1].any()
    assert torch.allclose(weights.sum(1), torch.tensor([1.0, 0.0, 1.0]))


def test_only_the_channels_that_vary_most_are_asked(small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    weights = ScoreCAM(channels=2).channel_weights(forward)
    assert (weights > 0).sum(1).tolist() == [2, 2, 2]
    strongest = forward.activation.detach().var((-2, -1)).topk(2).indices
    assert torch.allclose(weights.gather(1, strongest).sum(1), torch.ones(3))
    with pytest.raises(
        SettingError, match=r"cam\.channels must be at least 1 or null \(all of them\), got 0"
    ):
        ScoreCAM(channels=0)
