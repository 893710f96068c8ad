"""The networks and batches of the GPU's questions, with random weights."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gpu_clock as clock
import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image

from emocam.classifier.emonet import EmoNet
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.detector.base import Detector
from emocam.intervention.paste import ChangedBatch, Variants, stack_pictures
from emocam.paste.grid import Grid
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.picture import Batch, Picture
from emocam.view.crops import Stretch

CONF = Path(__file__).parents[1] / "conf" / "cam"
METHODS = sorted(path.stem for path in CONF.glob("*.yaml") if "_target_" in path.read_text())
DETECTORS = ("ssdlite320_mobilenet_v3_large", "fasterrcnn_resnet50_fpn_v2", "maskrcnn_resnet50_fpn_v2")


def emonet() -> Any:
    return EmoNet(weights="random").eval()


def lite() -> Any:
    from emocam.classifier.efficientnet_lite0 import EfficientNetLite0

    return EfficientNetLite0()


NETWORKS: dict[str, tuple[Callable[[], Any], int]] = {
    "EmoNet": (emonet, 227),
    "ResNet-50": (lambda: TorchvisionClassifier("resnet50", weights="random"), 224),
    "ViT-B/16": (lambda: TorchvisionClassifier("vit_b_16", weights="random"), 224),
    "EfficientNet-Lite0": (lite, 224),
}


def some() -> dict[str, tuple[Callable[[], Any], int]]:
    """Return the networks, in a dry run the quickest of them."""
    return {name: NETWORKS[name] for name in clock.small(tuple(NETWORKS), ("EmoNet",))}


def method(name: str) -> Any:
    own = OmegaConf.load(CONF / f"{name}.yaml")
    quick = {
        key: value
        for key, value in {"masks": 64, "channels": 8, "cells": 4, "samples": 8}.items()
        if key in own
    }
    whole = OmegaConf.create({"seed": 0, "cam": OmegaConf.merge(own, quick if clock.DRY else {})})
    return instantiate(whole.cam, _convert_="all")


class Boxes(Detector):
    """Gives the boxes that are there."""

    def __init__(self) -> None:
        super().__init__()
        self.objects = ["ball"]

    def forward(self, batch: Batch) -> Detections:
        return batch.annotated


def batch(images: int, side: int, regions: bool = False) -> Batch:
    view = clock.pictures(images, side, side)
    window = torch.tensor(WHOLE).repeat(images, 1)
    found = Detections.none()
    if regions:
        corner = torch.rand(10 * images, 2, generator=torch.Generator().manual_seed(1)) * 0.6
        image = torch.arange(images).repeat_interleave(10)
        found = Detections(torch.cat([corner, corner + 0.3], 1), image * 0, torch.ones(len(image)), image)
    paths = [f"{i}.jpg" for i in range(images)]
    return Batch(paths, torch.arange(images), view, window, torch.zeros(images, 0), window, found, {}, [])


def pasted(images: int) -> ChangedBatch:
    """Return pictures as paste=grid changes them: 51 variants each, in a dry run three."""
    made = clock.pictures(images, 96, 128).permute(0, 2, 3, 1).numpy()
    opened = [Image.fromarray(one).resize(clock.small((1024, 768), (128, 96))) for one in made]

    def opened_again(name: str) -> Picture:
        return Picture(opened[int(name)])

    data: Any = SimpleNamespace(resizing=lambda view: view, open=opened_again, open_again=opened_again)
    change = Grid(positions=clock.small(None, [[0.5, 0.5]]))
    names = [str(number) for number in range(images)]
    variants = Variants(data, names, np.arange(images), Stretch((227, 227)), change, {})
    return stack_pictures([variants[number] for number in range(images)])
