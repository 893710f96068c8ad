"""What CAM methods ask in bfloat16: maps move little, and those of gradients not at all."""

import pytest
import torch

from emocam.cam.ablation import AblationCAM
from emocam.cam.base import CAM, ForwardPass
from emocam.cam.coalitions import Coalitions
from emocam.cam.gradcam import GradCAM
from emocam.cam.lift import LIFTCAM
from emocam.cam.lime import LIMECAM
from emocam.cam.occlusion import Occlusion
from emocam.cam.rise import RISE
from emocam.cam.scorecam import ScoreCAM
from emocam.cam.shapley import ShapleyCAM
from emocam.classifier.torchvision import TorchvisionClassifier

ASKING = [
    AblationCAM(),
    LIMECAM(samples=64),
    ShapleyCAM(pairs=1),
    ScoreCAM(),
    Occlusion(cells=4),
    RISE(masks=24),
]


@pytest.fixture
def narrow(classifier, monkeypatch: pytest.MonkeyPatch):
    """`narrow(method, batch)`: the method's answers in bfloat16."""

    def ask(cam: CAM, batch):
        with monkeypatch.context() as patch:
            patch.setattr(classifier, "bf16", True)
            return cam(classifier, batch)

    return ask


@pytest.mark.parametrize("cam", ASKING, ids=lambda cam: type(cam).__name__)
def test_maps_move_little_and_predictions_not_at_all(cam, classifier, batch, narrow) -> None:
    exact, found = cam(classifier, batch), narrow(cam, batch)
    assert torch.equal(found[0].logits, exact[0].logits)
    assert (found[1].maps - exact[1].maps).abs().max() < 0.1


@pytest.mark.parametrize("cam", [GradCAM(), LIFTCAM()], ids=lambda cam: type(cam).__name__)
def test_gradients_are_never_in_bfloat16(cam, classifier, batch, narrow) -> None:
    assert torch.equal(cam(classifier, batch)[1].maps, narrow(cam, batch)[1].maps)


def test_a_channel_without_effect_has_none_in_bfloat16(small, small_batch, monkeypatch) -> None:
    monkeypatch.setattr(small, "bf16", True)
    forward = CAM().forward_pass(small, small_batch)
    forward.activation.data[:, 3] = 0
    coalitions = Coalitions(forward)
    assert torch.equal((coalitions.whole[:, None] - coalitions.scores_without_each())[:, 3], torch.zeros(3))


def test_a_head_that_is_no_sum_is_asked_in_bfloat16_too() -> None:
    mixed = TorchvisionClassifier("resnet18", layer="layer3", weights="random")
    mixed.bf16 = True
    forward = ForwardPass(mixed, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    mask = (torch.rand(1, 4, 256, generator=torch.Generator().manual_seed(1)) < 0.5).float()
    found = Coalitions(forward).scores(mask)
    mixed.bf16 = False
    exact = Coalitions(forward).scores(mask)
    assert not torch.equal(found, exact)
    assert (found - exact).abs().max() < 0.03 * exact.abs().max()
