"""The networks of the races, with random weights: as EmoCAM runs them, and as they are written elsewhere."""

import tempfile
import warnings
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from emocam.classifier.emonet import EmoNet, build_layers
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.detector.yolov3 import YOLOv3
from emocam.network.response_norm import ResponseNorm
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.picture import Batch

SCORE = IOU = 0.005
BOXES = 300
"""As many candidates or so in a picture."""


@cache
def emonet() -> EmoNet:
    return EmoNet(weights="random")


@cache
def emonet_as_written() -> Any:
    """The same weights with torch's own normalisation, memory in its usual order, gradients wanted."""
    ours, network = emonet(), build_layers(20)
    parts = [*ours.features.named_children(), *ours.head.named_children()]
    for name, part in parts:
        if isinstance(part, ResponseNorm):
            setattr(network, name, nn.LocalResponseNorm(5, 1e-4))
        elif list(part.parameters()):
            network.get_submodule(name).load_state_dict(part.state_dict())
    return network.eval().to(memory_format=torch.contiguous_format).requires_grad_()


@cache
def from_torchvision(model: str) -> tuple[TorchvisionClassifier, Any]:
    """Ours and the library's own, of the same weights."""
    torch.manual_seed(0)
    network = models.get_model(model, weights=None).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # so that pictures differ at the end of a random net
            nn.init.uniform_(module.weight, 0.5, 1.5)
        if isinstance(module, nn.Linear) and not module.weight.any():  # transformers begin with zeros
            nn.init.normal_(module.weight, std=0.05)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weights.pth"
        torch.save(network.state_dict(), file)
        return TorchvisionClassifier(model, weights=str(file)), network


@cache
def yolo(size: int) -> Any:
    """lightnet's network of 601 classes, its last layers scaled so that a few boxes a picture stand out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lightnet.models import YoloV3
    torch.manual_seed(0)
    network = YoloV3(601).eval().requires_grad_(False)
    outputs = network(pictures(1, (size, size), seed=1).classifier_view.float() / 255)
    make_rare([head[-1] for head in network.head.values()], outputs, BOXES)
    return network


def make_rare(layers: list[nn.Conv2d], outputs: list[Tensor], boxes: int) -> None:
    """Scales YOLO's last layers, whose outputs these are, so that about as many boxes stand out in a picture."""
    anchors = sum(3 * output[0, 0].numel() for output in outputs)
    rare = NormalDist().inv_cdf(1 - min(0.3, boxes / anchors))
    for layer, output in zip(layers, outputs, strict=True):
        rows = output[0].flatten(1)
        middle, spread = rows.mean(1), rows.std(1)
        wanted, centre = torch.ones(3, 606), torch.zeros(3, 606)
        wanted[:, 4], centre[:, 4], wanted[:, 5:], wanted[:, 2:4] = 2, -4 - 2 * rare, 3, 0.5
        factor = wanted.flatten() / spread
        assert layer.bias is not None
        layer.bias.copy_((layer.bias - middle) * factor + centre.flatten())
        layer.weight.mul_(factor[:, None, None, None])


@cache
def detector(size: int) -> YOLOv3:
    """Of the same weights; a box is its best object, as lightnet reads it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "yolov3.pth"
        torch.save(yolo(size).state_dict(), file)
        return YOLOv3(str(file), size=size, score=SCORE, iou=IOU, classes="softmax")


def pictures(images: int, size: tuple[int, int], seed: int = 0) -> Batch:
    """Smooth random pictures, their detector's view empty."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(images, 3, 8, 8, generator=generator)
    view = nn.functional.interpolate(coarse, size, mode="bicubic").clamp(0, 1)
    view = (view + 0.1 * torch.randn(view.shape, generator=generator)).clamp(0, 1)
    window = torch.tensor(WHOLE).repeat(images, 1)
    return Batch(
        paths=[f"{seed}/{i}.jpg" for i in range(images)],
        index=torch.arange(images),
        classifier_view=(view * 255).to(torch.uint8),
        classifier_window=window,
        detector_view=torch.zeros(images, 0),
        detector_window=window,
        annotated=Detections.none(),
        known={},
        refusals=[],
    )


def flop(network: nn.Module, x: Tensor) -> float:
    """Floating-point operations of the convolutions and linear layers in one pass: two a product."""
    counted: list[float] = []

    def count(module: Any, given: tuple[Tensor, ...], output: Tensor) -> None:
        counted.append(2 * output.numel() * module.weight[0].numel())

    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        network(x)
    for hook in hooks:
        hook.remove()
    return sum(counted)
