"""The step never makes the host wait for an accelerator, and all it makes lies there: tried without one.

Tensors without data stand for those of a GPU. Whoever asks one for its value, or for a shape that
depends on values, raises; so does who mixes devices.
"""

from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from emocam.cam.channel_sums import ChannelSum
from emocam.cam.coalitions import _trusted
from emocam.classifier.base import Classifier
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.detector.annotations import Annotations
from emocam.importance.mean import Mean
from emocam.predict.explain import Explain
from emocam.records.detections import Detections
from emocam.records.picture import Batch

CONF = Path(__file__).parents[2] / "conf/cam"
QUICK = {"masks": 24, "cells": 4}
FORWARD = [
    "ablation",
    "centre",
    "edges",
    "eigencam",
    "fem",
    "kpcacam",
    "lime",
    "occlusion",
    "random",
    "rise",
    "uniform",
]
GRADIENT = ["eigengradcam", "elementwise", "gradcam", "gradcampp", "hirescam", "layercam", "xgradcam"]


@pytest.fixture
def classifier() -> Classifier:
    """Tried by its cut and as a sum over channels while it has values: else on the first batch, once."""
    network = TorchvisionClassifier("resnet18", weights="random")
    _trusted[network.head] = ChannelSum.of(network.head)
    assert _trusted[network.head] is not None
    return network


def explain(classifier: Classifier, cam: str, device: str) -> None:
    """One step of two images and five regions, all of which lie on the device, before it and after."""

    def put(module: nn.Module) -> None:
        for name, value in module.named_parameters(recurse=False):
            empty = torch.empty(value.shape, device=device)
            module.register_parameter(name, nn.Parameter(empty, requires_grad=False))
        for name, value in module.named_buffers(recurse=False):
            module.register_buffer(name, torch.empty(value.shape, dtype=value.dtype, device=device))

    classifier.apply(put)
    own = OmegaConf.load(CONF / f"{cam}.yaml")
    quick = {key: value for key, value in QUICK.items() if key in own}
    whole = OmegaConf.create({"seed": 0, "cam": OmegaConf.merge(own, quick)})
    detector = Annotations()
    detector.set_annotated_objects(["ball"])
    window = torch.ones(2, 4, device=device)
    index = torch.zeros(5, dtype=torch.int64, device=device)
    regions = Detections(torch.rand(5, 4, device=device), index, torch.ones(5, device=device), index)
    view = torch.zeros(2, 3, 64, 64, dtype=torch.uint8, device=device)
    nothing = torch.zeros(2, 0, device=device)
    batch = Batch(["a", "b"], index[:2], view, window, nothing, window, regions, {}, [])
    cams = [instantiate(whole.cam, _convert_="all")]
    step = Explain(classifier, detector, cams, Mean())
    step.answers_checked = True  # the first step alone waits for that
    (found,) = step.predict_step(batch)
    assert found.explanation is not None and found.chance is not None
    for left in (found.importance, found.chance, found.explanation.maps, found.prediction.logits):
        assert left.device == torch.device(device)


@pytest.mark.parametrize("cam", FORWARD)
def test_without_a_gradient_nothing_waits_and_devices_agree(classifier: Classifier, cam: str) -> None:
    with FakeTensorMode(allow_non_fake_inputs=True):
        explain(classifier, cam, "cuda:0")


@pytest.mark.parametrize("cam", GRADIENT)
def test_with_a_gradient_nothing_waits(classifier: Classifier, cam: str) -> None:
    # autograd asks the driver of a real device for its stream, so these stand for any device
    explain(classifier, cam, "meta")


def test_a_question_of_the_host_would_be_found() -> None:
    with FakeTensorMode(allow_non_fake_inputs=True), pytest.raises(Exception, match="local_scalar"):
        float(torch.ones(2, device="cuda:0").sum())
