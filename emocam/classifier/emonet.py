"""EmoNet, Kragel et al. 2019, https://doi.org/10.1126/sciadv.aaw4358, as the port emonet-py stores it."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError, nearest
from emocam.network.flatten import Flatten
from emocam.network.in_batches import InPieces
from emocam.network.packed_linear import packing
from emocam.network.response_norm import ResponseNorm
from emocam.network.trained import labels_of, settle_answers
from emocam.network.weights import cached, fit, is_file, read_weights
from emocam.settings.text_file import read_text_file
from emocam.view.crops import Stretch

SIZE = 227
LABELS = (
    *("Adoration", "Aesthetic Appreciation", "Amusement", "Anxiety", "Awe", "Boredom", "Confusion"),
    *("Craving", "Disgust", "Empathetic Pain", "Entrancement", "Excitement", "Fear", "Horror"),
    *("Interest", "Joy", "Romance", "Sadness", "Sexual Desire", "Surprise"),
)
VALENCE = (
    *(3.2963, 0.5990, 0.4576, 0.3248, -0.0634, 0.0035, 0.0560, 0.1163, -0.1370, -0.7719, -0.1210),
    *(-0.1862, 0.0214, -0.3015, -0.3680, 0.2467, -0.2335, 0.1096, -0.3858, 0.1538, 0.5741),
)
AROUSAL = (
    *(6.5139, -0.0910, -0.0121, -0.3154, 0.0152, 0.3949, -0.2019, -0.1216, -0.1029, 0.0637, 0.0037),
    *(-0.1700, 0.0736, 0.2145, 0.1670, -0.2425, -0.0555, 0.1480, 0.1390, 0.1877, -0.0824),
)
"""The constant, then a factor for each label."""


FINER = ("norm2",)
"""The last layer with 27 x 27 cells."""


class EmoNetLayers(nn.Sequential):
    """A row of layers; those with weights are named as in the port's file."""


def build_layers(labels: int) -> EmoNetLayers:
    """Build AlexNet as of 2012, in two groups: (B, 3, 227, 227) to logits (B, L)."""
    return EmoNetLayers(
        OrderedDict(
            conv1=nn.Conv2d(3, 96, 11, stride=4),
            relu1=nn.ReLU(),
            norm1=ResponseNorm(),
            pool1=nn.MaxPool2d(3, 2),
            conv2=nn.Conv2d(96, 256, 5, padding=2, groups=2),
            relu2=nn.ReLU(),
            norm2=ResponseNorm(),
            pool2=nn.MaxPool2d(3, 2),
            conv3=nn.Conv2d(256, 384, 3, padding=1),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(384, 384, 3, padding=1, groups=2),
            relu4=nn.ReLU(),
            conv5=nn.Conv2d(384, 256, 3, padding=1, groups=2),
            relu5=nn.ReLU(),
            pool5=nn.MaxPool2d(3, 2),
            flatten=Flatten(),
            fc1=nn.Linear(9216, 4096),
            relu6=nn.ReLU(),
            fc2=nn.Linear(4096, 4096),
            relu7=nn.ReLU(),
            fc3=nn.Linear(4096, labels),
        )
    )


def rows_first(weight: Tensor) -> Tensor:
    """Return fc1 (4096, 9216) for maps flattened row by row; the port flattens them column by column."""
    return weight.unflatten(1, (256, 6, 6)).transpose(2, 3).flatten(1)


def columns_first(weight: Tensor) -> Tensor:
    """Return fc1 (4096, 9216) as the port stores it, from rows first."""
    return weight.unflatten(1, (256, 6, 6)).transpose(2, 3).flatten(1)


def read_mean(path: Path) -> Tensor:
    """Read the mean image (3, 227, 227): a line for each row of pixels, its reds, greens, then blues."""
    try:
        lines = [
            line.split(",") for line in read_text_file(path, "classifier.mean").splitlines() if line.strip()
        ]
        if len(lines) != SIZE:
            raise ValueError(f"it has {len(lines)} lines")
        wrong = next((i for i, line in enumerate(lines) if len(line) != 3 * SIZE), None)
        if wrong is not None:
            raise ValueError(f"line {wrong + 1} has {len(lines[wrong])} numbers")
        mean = np.array(lines, dtype=np.float32)
        if not np.isfinite(mean).all():
            raise ValueError("a number in it is not finite")
    except (OSError, ValueError) as error:
        raise SettingError(
            f"classifier.mean: {path} is not EmoNet's mean image ({error}); "
            f"expected img_mean.txt, {SIZE} lines of {3 * SIZE} numbers with commas between them"
        ) from None
    return torch.from_numpy(mean).unflatten(1, (3, SIZE)).transpose(0, 1).contiguous()


class EmoNet(Classifier):
    """`weights` is the port's emonet.pth, `random` (drawn from `seed`), or null for the cached file.

    `mean` is the port's img_mean.txt, by default beside the weights; random weights take mid-grey
    instead. `affect` says from what valence and arousal are computed: `softmax`, as the port does, or
    `logits`. `layer` is the last one before the cut.
    """

    mean: Tensor
    tables: Tensor

    def __init__(
        self,
        layer: str = "conv5",
        weights: str | None = None,
        mean: str | None = None,
        labels: str | None = None,
        affect: Literal["softmax", "logits"] = "softmax",
        seed: int = 0,
        adjust: int = 0,
    ) -> None:
        super().__init__()
        if affect not in ("softmax", "logits"):
            raise SettingError(f"classifier.affect must be softmax or logits, got {affect!r}")
        self.view, self.layer, self.affect = Stretch((SIZE, SIZE)), layer, affect
        self.labels = labels_of(weights, labels, list(LABELS))
        file = None if weights == "random" else _find(weights)
        self.register_buffer("mean", _mean(mean, file), persistent=False)
        self.register_buffer("tables", torch.tensor([VALENCE, AROUSAL]), persistent=False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = build_layers(len(self.labels))
        if file is not None:
            self.weights_note = fit(layers, read_weights(file), file)
            layers.load_state_dict(
                {"fc1.weight": rows_first(layers.state_dict()["fc1.weight"])}, strict=False
            )
        generator = torch.Generator().manual_seed(0)
        dry = 255 * torch.rand(2, 3, SIZE, SIZE, generator=generator) - self.mean
        settle_answers(layers.eval(), weights, adjust, self.view, dry)
        self.features, self.head = _cut(layers, layer)
        self.finer_layers = [name for name in FINER if hasattr(self.features, name) and name != layer]
        packing(self.freeze()).to(memory_format=torch.channels_last)

    def file_state(self) -> dict[str, Tensor]:
        parts = {**self.features.state_dict(), **self.head.state_dict()}
        return parts | {"fc1.weight": columns_first(parts["fc1.weight"])}

    def load_file_state(self, state: Mapping[str, Tensor]) -> None:
        rows = {**state, "fc1.weight": rows_first(state["fc1.weight"])}
        for part in (self.features, self.head):
            part.load_state_dict({name: rows[name] for name in part.state_dict()})

    def prepare(self, view: Tensor) -> Tensor:
        return (view.float() - self.mean).contiguous(memory_format=torch.channels_last)

    def derive(self, logits: Tensor) -> dict[str, Tensor]:
        """Return valence and arousal as linear functions of the outputs, which only EmoNet's own labels have."""
        if tuple(self.labels) != LABELS:
            return {}
        outputs = logits.softmax(-1) if self.affect == "softmax" else logits
        valence, arousal = self.tables[:, 0, None] + self.tables[:, 1:] @ outputs.T
        return {"valence": valence, "arousal": arousal}


def _find(weights: str | None) -> Path:
    if weights is not None and not is_file(weights):
        raise SettingError(
            f"classifier.weights must be random, a file (emonet.pth), or null for {cached('emonet.pth')}, "
            f"got {weights!r}"
        )
    file = Path(weights).expanduser() if weights else cached("emonet.pth")
    if not file.is_file():
        raise SettingError(
            f"classifier.weights: there is no file {file}; take emonet.pth and img_mean.txt with "
            "`emocam fetch emonet`, or from the folder emonet_py/data of the GitLab project of emonet-py "
            f"(the Python package named emonet-py), and put both into {cached('emonet.pth').parent}, or "
            "name the file with classifier.weights=FILE"
        )
    return file


def _mean(mean: str | None, weights: Path | None) -> Tensor:
    if mean is None and weights is None:
        return torch.full((3, 1, 1), 128.0)
    beside = weights.with_name("img_mean.txt") if weights is not None else Path()
    return read_mean(beside if mean is None else Path(mean).expanduser())


def _cut(layers: EmoNetLayers, layer: str) -> tuple[nn.Sequential, nn.Sequential]:
    names = [name for name, _ in layers.named_children()]
    spatial = names[: names.index("flatten")]
    if layer not in spatial:
        raise SettingError(
            f"classifier.layer {layer!r} is not a layer of EmoNet with a map; {nearest(layer, spatial)}"
        )
    after = names.index(layer) + 1
    return InPieces(OrderedDict(layers[:after].named_children())), layers[after:]
