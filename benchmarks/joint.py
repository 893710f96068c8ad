"""Several methods in one pass, beside their libraries one after another, and beside the features alone."""

from collections.abc import Iterator, Sequence
from functools import partial

import libraries
import networks
from pytorch_grad_cam import GradCAM as LibraryGradCAM
from racing import Agreement, Contest, Way
from torch import Tensor

from emocam.cam.ablation import AblationCAM
from emocam.cam.base import CAM
from emocam.cam.gradcam import GradCAM
from emocam.cam.layercam import LayerCAM
from emocam.cam.lift import LIFTCAM
from emocam.cam.lime import LIMECAM
from emocam.cam.lrp import LRP
from emocam.detector.nothing import Nothing
from emocam.importance.mean import Mean
from emocam.predict.explain import Explain
from emocam.records.picture import Batch

PAPER = (GradCAM, AblationCAM, LIMECAM, LRP, LIFTCAM)
CHEAP = (GradCAM, LayerCAM, LIFTCAM)
RUN = 32
"""Images in a batch of a run: `data.batch_size=auto`."""
LIBRARIES, FEATURES = "the libraries, one image at a time", "the features pass alone"


def by_libraries(x: Tensor) -> None:
    """The paper's five of one image, each as its library is called, with a pass of its own."""
    network = networks.emonet_as_written()
    LibraryGradCAM(network, [network.conv5])(x, None)
    libraries.ablation(network, network.conv5, x)
    net = networks.emonet()
    forward = CAM().forward_pass(net, networks.pictures(1, (227, 227)))
    for library in (libraries.lime(forward, 256), libraries.lrp(forward), libraries.deeplift(forward)):
        library(net.features(x), forward.target)


def step_of(methods: Sequence[type[CAM]]) -> Explain:
    return Explain(networks.emonet(), Nothing(), [method() for method in methods], Mean())


def agree(methods: Sequence[type[CAM]], batch: Batch) -> Agreement:
    joint = [explanation for _, explanation in step_of(methods).explain(batch)]
    alone = [method()(networks.emonet(), batch)[1].maps for method in methods]
    far = [float((a.maps - b).abs().max()) for a, b in zip(joint, alone, strict=True) if a is not None]
    return Agreement(max(far), 1e-5, "maps of the joint pass and of single runs")


def joined(small: bool) -> Iterator[Contest]:
    net = networks.emonet()
    for images in (2,) if small else (1, 8, RUN):
        batch = networks.pictures(images, (227, 227))
        x = net.prepare(batch.classifier_view)
        if small or images == RUN:
            yield Contest(
                f"the paper's five CAMs, one pass, batch {images}",
                Way(partial(step_of(PAPER).explain, batch), images),
                {LIBRARIES: Way(partial(by_libraries, x[:1].contiguous()))},
                partial(agree, PAPER, batch),
                {LIBRARIES: 45} if images == RUN else {},
            )
        yield Contest(
            f"Grad-CAM, LayerCAM and LIFT, one pass, batch {images}",
            Way(partial(step_of(CHEAP).explain, batch), images),
            {FEATURES: Way(partial(net.cut, x), images)},
            partial(agree, CHEAP, batch),
            {FEATURES: 1 / 1.7} if images == RUN else {},
            "cost",
        )
