"""Networks of libraries by the quickest way that agrees, beside the same networks as they are written.

Both keep freed memory, as a run does. The trial is not counted: it costs as much as a dozen pictures, once.
captum's LayerGradCam is used as its documents say, on weights that need no gradient, with its input ready.
"""

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import networks
import torch
from captum.attr import LayerGradCam
from racing import Agreement, Contest, Way, farthest
from telling import table_of
from torch import Tensor

from emocam.cam.gradcam import GradCAM
from emocam.classifier.timm import TimmClassifier
from emocam.detector.torchvision import TorchvisionDetector
from emocam.detector.torchvision_parts import narrow, quicken
from emocam.network.quick_copy import tensors_in
from emocam.network.quick_features import PAYS
from emocam.system.memory import keep_memory

RUN = 32
"""Pictures in a batch of a run."""
WRITTEN, CAPTUM = "as written", "captum's LayerGradCam, frozen weights"


def both(model: str, side: int = 224) -> tuple[Any, Any]:
    """A classifier as it is written, and one that took the quickest way."""
    kind, _, name = model.rpartition(":")
    net: Any = TimmClassifier(name, weights="random") if kind else networks.from_torchvision(name)[0]
    net.freeze()
    quick = copy.deepcopy(net)
    quick.fast = True
    quick.settle(networks.pictures(4, (side, side)).classifier_view, PAYS)
    return net, quick


def as_written(model: str, small: bool) -> Contest:
    """A step of a Grad-CAM run."""
    side = 64 if small else 224
    net, quick = both(model, side)
    cam, images = GradCAM(), 2 if small else 8 if model == "vit_b_16" else RUN
    batch = networks.pictures(images, (side, side))

    def agree() -> Agreement:
        few = networks.pictures(2, (side, side))
        difference = (cam(quick, few)[1].maps - cam(net, few)[1].maps).abs().max()
        return Agreement(float(difference), 5e-5, "maps in [0, 1]")

    goals = {WRITTEN: 1.6 if model == "resnet50" else 0.95}
    return Contest(
        f"Grad-CAM, {model}, batch {images}",
        Way(partial(cam, quick, batch), images),
        {WRITTEN: Way(partial(cam, net, batch), images, keep_memory)},
        agree,
        {} if small else goals,
    )


def against_captum(model: str, layer: str) -> Contest:
    """From picture to weighted map; both predict first, since somebody must say the label."""
    _, quick = both(model)
    written = networks.from_torchvision(model)[1].requires_grad_(False)
    library = LayerGradCam(written, written.get_submodule(layer))
    cam, batch = GradCAM(), networks.pictures(8, (224, 224))
    x = quick.prepare(batch.classifier_view)
    target = quick(x).argmax(-1)

    def theirs() -> Tensor:
        return library.attribute(x.requires_grad_(), target=target)[:, 0]

    def agree() -> Agreement:
        found = theirs().detach().relu()
        return Agreement(farthest(cam.raw(cam.forward_pass(quick, batch)).relu(), found), 1e-3, "maps")

    return Contest(
        f"Grad-CAM, {model}, batch 8, its label given to the other",
        Way(partial(cam, quick, batch), 8),
        {CAPTUM: Way(theirs, 8)},
        agree,
        {CAPTUM: 1.5},
    )


@torch.no_grad()
def detector(model: str, goal: float, small: bool) -> Contest:
    """A photograph of 1024 x 768 pixels."""
    written = TorchvisionDetector(model, "random").network
    quick, half = copy.deepcopy(written), copy.deepcopy(written)
    quicken(quick)
    narrow(half)
    picture = networks.pictures(1, (96, 128) if small else (768, 1024)).classifier_view[0].float() / 255
    seen = picture[None, :, :256, :320]

    def agree() -> Agreement:
        with torch.no_grad():
            pairs = zip(tensors_in(quick.backbone(seen)), tensors_in(written.backbone(seen)), strict=True)
            return Agreement(max(farthest(a, b) for a, b in pairs), 1e-5, "the backbone's maps")

    return Contest(
        f"{model}, a photograph",
        Way(torch.no_grad()(lambda: quick([picture]))),
        {
            WRITTEN: Way(torch.no_grad()(lambda: written([picture])), prepare=keep_memory),
            "precision=bf16": Way(torch.no_grad()(lambda: half([picture])), prepare=keep_memory),
        },
        agree,
        {} if small else {WRITTEN: goal},
    )


def contests(small: bool = False) -> Iterator[Contest]:
    if small:
        yield as_written("resnet18", small)
        return
    models = ("resnet50", "mobilenet_v3_large", "efficientnet_b0", "vgg16", "densenet121")
    for model in (*models, "timm:convnext_tiny", "timm:vit_small_patch16_224", "vit_b_16"):
        yield as_written(model, small)
    yield against_captum("resnet50", "layer4")
    for model, goal in (("fasterrcnn_resnet50_fpn_v2", 1.3), ("ssdlite320_mobilenet_v3_large", 1.2)):
        yield detector(model, goal, small)


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
