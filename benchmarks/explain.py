"""`emocam.explain` call after call on one model, beside the libraries that a user of Python would call.

All get the same inputs as tensors. pytorch-grad-cam gets a model as it is loaded, as its documents show; captum
one whose weights ask for no gradient. Ours returns maps at the layer's own resolution, pytorch-grad-cam enlarged ones.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM
from racing import Agreement, Contest, Way, farthest
from telling import table_of
from torch import Tensor, nn
from torchvision import models

from emocam.api.explain import explain

CAM, CAPTUM = "pytorch-grad-cam", "captum LayerGradCam, frozen weights"


def shown(weighed: Tensor) -> Tensor:
    """The map that a person sees: what is positive, from 0 to 1."""
    positive = weighed.relu()
    low, high = positive.amin((-2, -1), keepdim=True), positive.amax((-2, -1), keepdim=True)
    return (positive - low) / (high - low).clamp(min=1e-12)


def contest(name: str, model: nn.Module, layer: nn.Module, x: Tensor, goals: dict[str, float]) -> Contest:
    labels = model(x).argmax(-1).tolist()
    loaded = deepcopy(model).requires_grad_(True)
    theirs, captums = GradCAM(loaded, [loaded.layer4]), LayerGradCam(model, layer)

    def grad_cam() -> Tensor:
        return torch.from_numpy(theirs(x, None))

    def captum() -> Tensor:
        return captums.attribute(x.clone().requires_grad_(), target=labels)

    def ours() -> Tensor:
        return explain(model, x, layer=layer).maps

    return Contest(
        f"emocam.explain again, {name}, {len(x)} at once",
        Way(ours, len(x)),
        {CAM: Way(grad_cam, len(x)), CAPTUM: Way(captum, len(x))},
        lambda: Agreement(
            farthest(ours(), shown(captum().detach().sum(1))), 1e-4, "maps in [0, 1], captum's"
        ),
        goals,
    )


def contests(small: bool = False) -> Iterator[Contest]:
    torch.manual_seed(0)
    for name in ("resnet18",) if small else ("resnet18", "resnet50"):
        model = models.get_model(name, weights=None).eval().requires_grad_(False)
        for images in (1,) if small else (1, 8):
            x = torch.rand(images, 3, 224, 224, generator=torch.Generator().manual_seed(1))
            goals = {CAM: 1.0 if images == 1 else 2.5} if name == "resnet50" else {}
            yield contest(name, model, model.layer4, x, goals)


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
