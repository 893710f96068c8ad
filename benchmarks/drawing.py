"""Grad-CAM and Ablation-CAM from picture to map, beside pytorch-grad-cam."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import libraries
import networks
import numpy as np
from pytorch_grad_cam import GradCAM as LibraryGradCAM
from racing import Agreement, Contest, Way
from torch import Tensor, nn

from emocam.cam.ablation import AblationCAM
from emocam.cam.base import CAM
from emocam.cam.gradcam import GradCAM
from emocam.classifier.base import Classifier
from emocam.records.picture import Batch

ONE, BATCH = "one at a time", "equal batch"
LIBRARY = "pytorch-grad-cam, one at a time"
RUN = 32
"""Images in a batch of a run: `data.batch_size=auto`."""


def grid_of_tokens(x: Tensor) -> Tensor:
    """As pytorch-grad-cam's documents read a vision transformer."""
    return x[:, 1:].reshape(len(x), 14, 14, -1).permute(0, 3, 1, 2)


def drawn(
    cam: CAM, net: Classifier, batch: Batch, maps: Callable[[], np.ndarray], size: Sequence[int]
) -> Agreement:
    ours = libraries.drawn_alike(cam.raw(cam.forward_pass(net, batch)), size)
    theirs = maps()
    # flat maps would agree whatever the methods do
    difference = float(np.abs(ours[: len(theirs)] - theirs).max()) if theirs.any() else np.inf
    return Agreement(difference, 2e-3, "enlarged maps in [0, 1]")


def against_gradcam(
    name: str, net: Classifier, library: LibraryGradCAM, size: tuple[int, int], images: int
) -> Contest:
    batch, cam = networks.pictures(images, size), GradCAM()
    x = net.prepare(batch.classifier_view).contiguous()
    emonet = name == "EmoNet" and images == 8
    return Contest(
        f"Grad-CAM, {name}, batch {images}, features charged",
        Way(lambda: cam(net, batch), images),
        {ONE: Way(lambda: library(x[:1], None)), BATCH: Way(lambda: library(x, None), images)}
        if images > 1
        else {ONE: Way(lambda: library(x, None))},
        lambda: drawn(cam, net, batch, lambda: library(x[:2], None), size),
        {ONE: 7, BATCH: 3.5} if emonet else {},
    )


def gradcams(small: bool) -> Iterator[Contest]:
    net, network = networks.emonet(), networks.emonet_as_written()
    library = LibraryGradCAM(network, [network.conv5])
    for images in (2,) if small else (1, 8, 64):
        yield against_gradcam("EmoNet", net, library, (227, 227), images)
    others: dict[str, tuple[Callable[[Any], nn.Module], dict[str, Any]]] = {
        "resnet50": (lambda n: n.layer4[-1], {}),
        "vit_b_16": (lambda n: n.encoder.layers[-1].ln_1, {"reshape_transform": grid_of_tokens}),
    }
    for model, (layer, settings) in {} if small else others.items():
        ours, theirs = networks.from_torchvision(model)
        library = LibraryGradCAM(theirs, [layer(theirs)], **settings)
        for images in (1, 8):
            yield against_gradcam(model, ours, library, (224, 224), images)


def against_ablation(name: str, net: Classifier, network: Any, layer: Any, size: int, goal: float) -> Contest:
    batch, cam = networks.pictures(RUN, (size, size)), AblationCAM(relative=True)
    x = net.prepare(batch.classifier_view).contiguous()
    # what agrees on small pictures agrees on large ones, and the library is slow; EmoNet takes one size
    few = networks.pictures(1, (size, size) if name == "EmoNet" else (64, 64))
    seen = net.prepare(few.classifier_view).contiguous()[:1]
    return Contest(
        f"Ablation-CAM, {name}, batch {RUN}, features charged",
        Way(lambda: cam(net, batch), RUN),
        {LIBRARY: Way(lambda: libraries.ablation(network, layer, x[:1]))},
        lambda: drawn(cam, net, few, lambda: libraries.ablation(network, layer, seen), tuple(seen.shape[2:])),
        {LIBRARY: goal},
    )


def halved() -> Contest:
    """The fully connected tail in bfloat16, against ours in float32."""
    net, batch, cam = networks.emonet(), networks.pictures(8, (227, 227)), AblationCAM(relative=True)
    half = copy.deepcopy(net)
    half.bf16 = True

    def agree() -> Agreement:
        one, two = cam(net, batch)[1].maps, cam(half, batch)[1].maps
        return Agreement(float((one - two).abs().max()), 0.1, "maps in [0, 1]")

    return Contest(
        "Ablation-CAM, EmoNet, batch 8, precision=bf16",
        Way(lambda: cam(half, batch), 8),
        {"ours in float32": Way(lambda: cam(net, batch), 8)},
        agree,
    )


def ablations(small: bool) -> Iterator[Contest]:
    if not small:
        network = networks.emonet_as_written()
        yield against_ablation("EmoNet", networks.emonet(), network, network.conv5, 227, 55)
    ours, theirs = networks.from_torchvision("resnet18")
    yield against_ablation("resnet18", ours, theirs, theirs.layer4[-1], 64 if small else 224, 300)
    yield halved()
