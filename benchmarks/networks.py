"""The networks of the races, with random weights: as EmoCAM runs them, and as they are written elsewhere."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from emocam.classifier.emonet import EmoNet, build_layers
from emocam.classifier.response_norm import ResponseNorm
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.structures import WHOLE, Batch, Detections


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
