"""CAM methods: EmoCAM beside pytorch-grad-cam and captum, as their documents use them.

Weights are random: they change no time and make agreement harder. Ours begins with uint8 pictures and
ends with the maps at the layer's resolution (regions need no larger ones); pytorch-grad-cam begins
with its input ready and ends with its enlarged maps, as it does for every user.
"""

from collections.abc import Callable, Iterator
from functools import partial

import libraries
import networks
import numpy as np
import torch
from pytorch_grad_cam import GradCAM as LibraryGradCAM
from racing import Agreement, Contest, Way, farthest, table_of
from torch import Tensor, nn

from emocam.cam.ablation import AblationCAM
from emocam.cam.base import CAM
from emocam.cam.gradcam import GradCAM
from emocam.cam.layercam import LayerCAM
from emocam.cam.lift import LIFTCAM
from emocam.cam.lime import LIMECAM
from emocam.cam.lrp import LRP
from emocam.cam.shapley import ShapleyCAM
from emocam.classifier.base import Classifier
from emocam.detector.nothing import Nothing
from emocam.importance.mean import Mean
from emocam.structures import Batch
from emocam.task.association import Explain

ONE, BATCH = "one at a time", "equal batch"


def grid_of_tokens(x: Tensor) -> Tensor:
    """As pytorch-grad-cam's documents read a vision transformer."""
    return x[:, 1:].reshape(len(x), 14, 14, -1).permute(0, 3, 1, 2)


def drawn(
    cam: CAM, net: Classifier, batch: Batch, maps: Callable[[], np.ndarray], size: tuple[int, int]
) -> Agreement:
    ours = libraries.drawn_alike(cam.raw(cam.forward_pass(net, batch)), size)
    theirs = maps()
    difference = float(np.abs(ours[: len(theirs)] - theirs).max())
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
    others: dict[str, tuple[Callable[[nn.Module], nn.Module], dict]] = {
        "resnet50": (lambda n: n.layer4[-1], {}),
        "vit_b_16": (lambda n: n.encoder.layers[-1].ln_1, {"reshape_transform": grid_of_tokens}),
    }
    for model, (layer, settings) in {} if small else others.items():
        ours, theirs = networks.from_torchvision(model)
        library = LibraryGradCAM(theirs, [layer(theirs)], **settings)
        for images in (1, 8):
            yield against_gradcam(model, ours, library, (224, 224), images)


def against_ablation(
    name: str, net: Classifier, network: nn.Module, layer: nn.Module, size: int, goal: float
) -> Contest:
    batch, cam = networks.pictures(8, (size, size)), AblationCAM(relative=True)
    x = net.prepare(batch.classifier_view).contiguous()

    def library() -> np.ndarray:
        return libraries.ablation(network, layer, x[:1])

    return Contest(
        f"Ablation-CAM, {name}, batch 8, features charged",
        Way(lambda: cam(net, batch), 8),
        {"pytorch-grad-cam, one at a time": Way(library)},
        lambda: drawn(cam, net, batch, library, (size, size)),
        {"pytorch-grad-cam, one at a time": goal},
    )


def ablations(small: bool) -> Iterator[Contest]:
    if not small:
        network = networks.emonet_as_written()
        yield against_ablation("EmoNet", networks.emonet(), network, network.conv5, 227, 55)
    ours, theirs = networks.from_torchvision("resnet18")
    yield against_ablation("resnet18", ours, theirs, theirs.layer4[-1], 64 if small else 224, 300)


def on_the_head(small: bool) -> Iterator[Contest]:
    """LIFT and LRP; the pass through the features is nobody's."""
    images = 2 if small else 16
    forward = libraries.pass_of(networks.emonet(), networks.pictures(images, (227, 227)))
    activation, target = forward.activation.detach(), forward.target
    for name, cam, library in (
        ("LIFT", LIFTCAM(), libraries.deeplift(forward)),
        ("LRP", LRP(), libraries.lrp(forward)),
    ):

        def agree(cam: CAM = cam, library: Callable = library) -> Agreement:
            weights = cam.channel_weights(forward)
            return Agreement(farthest(weights, library(activation.clone(), target)), 1e-4, "weights")

        yield Contest(
            f"{name}, EmoNet's head, batch {images}",
            Way(lambda cam=cam: cam.channel_weights(forward), images),
            {
                f"captum, {ONE}": Way(lambda library=library: library(activation[:1].clone(), target[:1])),
                "captum, batched": Way(lambda library=library: library(activation.clone(), target), images),
            },
            agree,
            {f"captum, {ONE}": 4, "captum, batched": 1.4},
        )


def limes(small: bool) -> Iterator[Contest]:
    forward = libraries.pass_of(networks.emonet(), networks.pictures(2 if small else 8, (227, 227)))
    activation, target = forward.activation.detach(), forward.target
    cam, few = LIMECAM(samples=256), LIMECAM(samples=16 if small else 64)

    def agree() -> Agreement:
        theirs = libraries.lime_of_our_coalitions(forward, few)
        return Agreement(farthest(few.channel_weights(forward)[0], theirs), 1e-2, "ridge, equal coalitions")

    others = {}
    for batch in (1, 32, 256):
        name = f"captum, {'one evaluation at a time' if batch == 1 else f'{batch} at once'}"
        library = libraries.lime(forward, 256, batch)
        others[name] = Way(partial(library, activation[:1], target[:1]))
    goals = {"captum, one evaluation at a time": 25, "captum, 32 at once": 5, "captum, 256 at once": 5}
    yield Contest(
        "LIME, 256 samples, EmoNet's head, batch 8",
        Way(lambda: cam.channel_weights(forward), len(activation)),
        others,
        agree,
        goals,
    )


def shapleys(small: bool) -> Iterator[Contest]:
    forward = libraries.pass_of(networks.emonet(), networks.pictures(2 if small else 8, (227, 227)))
    cam = ShapleyCAM(pairs=1)
    order = torch.randperm(forward.activation.shape[1], generator=torch.Generator().manual_seed(cam.seed))

    def agree() -> Agreement:
        theirs = libraries.shapley(forward, 128, [order, order.flip(0)])()
        return Agreement(farthest(cam.channel_weights(forward)[0], theirs[0]), 1e-2, "weights, equal orders")

    yield Contest(
        "Shapley, one antithetic pair, EmoNet's head, batch 8",
        Way(lambda: cam.channel_weights(forward), len(forward.activation)),
        {
            f"captum, two orders, {batch} at once": Way(libraries.shapley(forward, batch))
            for batch in (32, 128)
        },
        agree,
        {f"captum, two orders, {batch} at once": 4.5 for batch in (32, 128)},
    )


PAPER = (GradCAM, AblationCAM, LIMECAM, LRP, LIFTCAM)
CHEAP = (GradCAM, LayerCAM, LIFTCAM)


def by_libraries(x: Tensor) -> None:
    """The paper's five of one image, each as its library is called: five passes of their own."""
    network = networks.emonet_as_written()
    LibraryGradCAM(network, [network.conv5])(x, None)
    libraries.ablation(network, network.conv5, x)
    net = networks.emonet()
    forward = CAM().forward_pass(net, networks.pictures(1, (227, 227)))
    for library in (libraries.lime(forward, 256), libraries.lrp(forward), libraries.deeplift(forward)):
        library(net.features(x), forward.target)


def joined(small: bool) -> Iterator[Contest]:
    net = networks.emonet()
    for images in (2,) if small else (1, 8, 64):
        batch = networks.pictures(images, (227, 227))
        x = net.prepare(batch.classifier_view)

        def together(methods: tuple[type[CAM], ...], batch: Batch = batch) -> Callable[[], object]:
            step = Explain(net, Nothing(), [method() for method in methods], Mean())
            return lambda: step.explain(batch)

        def agree(methods: tuple[type[CAM], ...], batch: Batch = batch) -> Agreement:
            _, joint = together(methods, batch)()  # type: ignore[misc]
            alone = [method()(net, batch)[1].maps for method in methods]
            far = max(float((a.maps - b).abs().max()) for a, b in zip(joint, alone, strict=True))
            return Agreement(far, 1e-5, "maps of the joint pass and of single runs")

        if images != 64:
            yield Contest(
                f"the paper's five CAMs, one pass, batch {images}",
                Way(together(PAPER), images),
                {"the libraries, one image at a time": Way(lambda x=x: by_libraries(x[:1].contiguous()))},
                lambda agree=agree: agree(PAPER),
                {"the libraries, one image at a time": 45} if images == 8 else {},
            )
        yield Contest(
            f"Grad-CAM, LayerCAM and LIFT, one pass, batch {images}",
            Way(together(CHEAP), images),
            {"the features pass alone": Way(lambda x=x: net.cut(x), images)},
            lambda agree=agree: agree(CHEAP),
            {"the features pass alone": 1 / 1.7} if images == 8 else {},
            "cost",
        )


def contests(small: bool = False) -> Iterator[Contest]:
    for part in (gradcams, ablations, on_the_head, limes, shapleys, joined):
        yield from part(small)


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
