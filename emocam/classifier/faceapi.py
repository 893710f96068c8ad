"""The two networks of face-api for faces, https://github.com/vladmandic/face-api (MIT), from its TensorFlow.js files.

One answers with an expression. The other, of the same blocks, answers with the places of the 68 points of a face:
values, each of which can be asked what raises and what lowers it.
"""

from itertools import pairwise
from pathlib import Path

from torch import Tensor, nn

from emocam.classifier.library import LibraryClassifier, Preprocessing, draw_weights
from emocam.errors import SettingError
from emocam.network.tfjs_shards import read_shards
from emocam.network.trained import labels_of
from emocam.network.values import unmeasured
from emocam.network.weights import fit, is_file, read_weights
from emocam.view.crops import Letterbox

LABELS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
POINTS = tuple(f"point {number:02d} {axis}" for number in range(68) for axis in ("across", "down"))
"""The answers of the network of points: places in the square that it sees, from 0 to 1."""
SIZE = (112, 112)
MEAN = (122.782 / 255, 117.001 / 255, 104.298 / 255)
CHANNELS = (3, 32, 64, 128, 256)
PREPROCESSING = Preprocessing(Letterbox(SIZE, grey=0), SIZE, MEAN, (1.0, 1.0, 1.0))
CURE = (
    "`npm pack @vladmandic/face-api` brings it: classifier.weights="
    "package/model/face_expression_model-weights_manifest.json (or face_landmark_68_model-weights_manifest.json)"
)


class Same(nn.ZeroPad2d):
    """TensorFlow's padding of a 3 x 3 convolution of stride 2 over an even side: right and below."""

    def __init__(self) -> None:
        super().__init__((0, 1, 0, 1))


class SeparableStep(nn.Module):
    """A 3 x 3 convolution of each channel by itself, then one across channels."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.pad = Same() if stride == 2 else nn.Identity()
        self.depthwise = nn.Conv2d(
            before, before, 3, stride, padding=int(stride == 1), groups=before, bias=False
        )
        self.pointwise = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(self.pad(x)))


class DenseBlock(nn.Module):
    """Four convolutions, each of the rectified sum of all before."""

    def __init__(self, before: int, after: int, first: bool) -> None:
        super().__init__()
        self.pad = Same() if first else nn.Identity()
        self.conv0 = (
            nn.Conv2d(before, after, 3, stride=2) if first else SeparableStep(before, after, stride=2)
        )
        self.conv1, self.conv2, self.conv3 = (SeparableStep(after, after) for _ in range(3))
        self.rectify0, self.rectify1, self.rectify2, self.rectify3 = (nn.ReLU() for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        one = self.rectify0(self.conv0(self.pad(x)))
        two = self.conv1(one)
        three = self.conv2(self.rectify1(one + two))
        four = self.conv3(self.rectify2(one + two + three))
        return self.rectify3(one + two + three + four)


class FaceApiNetwork(nn.Module):
    """Faces (B, 3, 112, 112) to logits (B, L); the last map has 7 x 7 cells."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.dense0, self.dense1, self.dense2, self.dense3 = (
            DenseBlock(before, after, first=before == 3) for before, after in pairwise(CHANNELS)
        )
        self.average, self.flatten = nn.AvgPool2d(7, 2), nn.Flatten()
        self.fc = nn.Linear(CHANNELS[-1], labels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dense3(self.dense2(self.dense1(self.dense0(x))))
        return self.fc(self.flatten(self.average(x)))


def torch_arrays(arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the arrays of face-api's file by torch's names and with torch's axes."""
    state = {}
    for name, values in arrays.items():
        *place, kind = name.split("/")
        module = ".".join(place)
        if kind == "depthwise_filter":  # height, width, channel, 1
            state[f"{module}.depthwise.weight"] = values.permute(2, 3, 0, 1).contiguous()
        elif kind == "pointwise_filter":
            state[f"{module}.pointwise.weight"] = values.permute(3, 2, 0, 1).contiguous()
        elif kind == "filters":
            state[f"{module}.weight"] = values.permute(3, 2, 0, 1).contiguous()
        elif kind == "weights":
            state[f"{module}.weight"] = values.T.contiguous()
        else:
            plain = module in ("fc", "dense0.conv0")
            state[f"{module}.bias" if plain else f"{module}.pointwise.bias"] = values
    return state


class FaceApi(LibraryClassifier):
    """`weights` is one of face-api's manifests, with its shards beside it, a file of `task=train`, or `random`.

    It looks at the whole picture as if that were a face, in colour, at 112 x 112 with black around.
    """

    def __init__(
        self,
        layer: str | None = None,
        weights: str | None = None,
        labels: str | None = None,
        seed: int = 0,
        adjust: int = 0,
    ) -> None:
        if weights is None or not (weights == "random" or weights.endswith(".json") or is_file(weights)):
            raise SettingError(
                f"classifier.weights must be a manifest (.json), a file of weights or random, got {weights}; {CURE}"
            )
        manifest = weights.endswith(".json")
        state = torch_arrays(read_shards(Path(weights).expanduser())) if manifest else None
        points = state is not None and len(state.get("fc.bias", ())) == len(POINTS)
        if points and labels is not None:
            raise SettingError(
                f"classifier.labels has no use with {weights}, which answers with the places of 68 points; leave it out"
            )
        values = unmeasured(POINTS) if points else None
        names = values.labels if values else labels_of(weights, labels, list(LABELS))
        network = draw_weights(lambda: FaceApiNetwork(len(POINTS) if points else len(names)), seed)
        note = ""
        if weights != "random":
            file = Path(weights).expanduser()
            note = fit(network, state if state is not None else read_weights(file), file)
        super().__init__(network, names, PREPROCESSING, layer, "faceapi", weights, adjust, values)
        self.weights_note = note
