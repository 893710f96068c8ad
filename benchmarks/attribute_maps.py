"""Forty attribute maps of one picture: one pass and forty heads, against captum asked attribute by attribute.

VGG16 with random weights, Grad-CAM at its last convolution.
"""

from collections.abc import Iterator

import torch
from captum.attr import LayerGradCam
from racing import Agreement, Contest, Way
from telling import table_of

from emocam.cam.base import ForwardPass
from emocam.cam.gradcam import GradCAM
from emocam.classifier.torchvision import TorchvisionClassifier

LAYER = "features.29"


class First(torch.nn.Module):
    """The activations of what a cut network hands on."""

    def forward(self, cut: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
        return cut[0] if isinstance(cut, tuple) else cut


def contests(small: bool = False) -> Iterator[Contest]:
    attributes = 3 if small else 40
    names = [f"value {number}" for number in range(attributes)]
    model, layer = ("resnet18", "layer4") if small else ("vgg16", LAYER)
    classifier = TorchvisionClassifier(model, layer=layer, weights="random", values=names)
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    # a part that only hands on the activations, for captum's hooks: they take those as a tuple from the cut
    at = torch.nn.Identity()
    whole = torch.nn.Sequential(classifier.features, First(), at, classifier.head)
    captum = LayerGradCam(whole, at)

    def ours() -> torch.Tensor:
        forward = ForwardPass(classifier, x, target=0)
        forward.differentiate([2 * place for place in range(attributes)])
        maps = [GradCAM().raw(forward.asked_about(2 * place)).detach() for place in range(attributes)]
        return torch.stack(maps)

    def theirs() -> torch.Tensor:
        return torch.stack(
            [captum.attribute(x, target=2 * place)[:, 0].detach() for place in range(attributes)]
        )

    def agree() -> Agreement:
        one, other = ours(), theirs()
        apart = float((one - other).abs().max() / other.abs().max())
        return Agreement(apart, 1e-4, "of the largest value")

    yield Contest(
        f"{attributes} Grad-CAM maps of one picture, {model}",
        Way(ours, attributes),
        {"captum, one by one": Way(theirs, attributes)},
        agree,
        {"captum, one by one": 20},
    )


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
