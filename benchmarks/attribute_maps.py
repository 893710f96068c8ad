"""Forty attribute maps of one picture: one pass and forty heads, against captum asked attribute by attribute.

    python benchmarks/attribute_maps.py [ATTRIBUTES]

VGG16 with random weights, Grad-CAM at its last convolution, one thread; processor seconds, both in one process.
"""

import sys
import time

import torch
from captum.attr import LayerGradCam

from emocam.cam.base import ForwardPass
from emocam.cam.gradcam import GradCAM
from emocam.classifier.torchvision import TorchvisionClassifier

LAYER = "features.29"


class First(torch.nn.Module):
    """The activations of what a cut network hands on."""

    def forward(self, cut: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
        return cut[0] if isinstance(cut, tuple) else cut


def main(attributes: int) -> None:
    torch.set_num_threads(1)
    names = [f"value {number}" for number in range(attributes)]
    classifier = TorchvisionClassifier("vgg16", layer=LAYER, weights="random", values=names)
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    # a part that only hands on the activations, for captum's hooks: they take those as a tuple from the cut
    at = torch.nn.Identity()
    whole = torch.nn.Sequential(classifier.features, First(), at, classifier.head)
    captum = LayerGradCam(whole, at)

    def ours() -> list[torch.Tensor]:
        forward = ForwardPass(classifier, x, target=0)
        forward.differentiate([2 * place for place in range(attributes)])
        return [GradCAM().raw(forward.asked_about(2 * place)).detach() for place in range(attributes)]

    def theirs() -> list[torch.Tensor]:
        return [captum.attribute(x, target=2 * place)[:, 0].detach() for place in range(attributes)]

    seconds = []
    answers = []
    for work in (ours, theirs):
        work() if work is ours else captum.attribute(x, target=0)  # packs weights once
        start = time.process_time()
        answers.append(torch.stack(work()))
        seconds.append(time.process_time() - start)
    apart = (answers[0] - answers[1]).abs().max() / answers[1].abs().max()
    print(
        f"{attributes} maps of one picture: ours {seconds[0]:.2f} s, captum one by one {seconds[1]:.2f} s, "
        f"{seconds[1] / seconds[0]:.1f} times; apart by {apart:.1e} of the largest value"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
