"""Detectors are given pictures as a run gives them; files are written in darknet's own formats."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from emocam.data.samples import collate
from emocam.detector.base import Detector
from emocam.records.detections import Detections
from emocam.records.picture import Sample
from emocam.view.crops import Letterbox

Look = Callable[..., Detections]
Files = dict[str, str]
NAMES = ["cup", "hat", "kite"]
ANCHORS = [(10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326)]


@pytest.fixture
def look() -> Look:
    """The regions that a detector finds in pictures, as one batch."""

    def look(detector: Detector, *pictures: Image.Image, annotated: Detections | None = None) -> Detections:
        samples = []
        for i, picture in enumerate(pictures):
            view, window = detector.view(picture)
            whole, nothing = torch.zeros(3, 1, 1), torch.tensor([0.0, 0.0, 1.0, 1.0])
            samples.append(
                Sample(str(i), i, whole, nothing, view, window, annotated or Detections.none(), {})
            )
        with torch.no_grad():
            return detector(collate(samples))

    return look


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    """Three pictures with coloured shapes: wide, tall and square."""
    dice, drawn = np.random.default_rng(3), []
    for size in ((240, 120), (100, 210), (160, 160)):
        picture = Image.new("RGB", size, (90, 120, 160))
        pen = ImageDraw.Draw(picture)
        for _ in range(25):
            x, y = dice.integers(0, size[0]), dice.integers(0, size[1])
            reach = dice.integers(8, 60, 2)
            pen.ellipse(
                (x, y, x + reach[0], y + reach[1]), fill=tuple(int(c) for c in dice.integers(0, 255, 3))
            )
        drawn.append(picture)
    return drawn


def layer(kind: str, **settings: object) -> str:
    return "\n".join([f"[{kind}]", *(f"{key}={value}" for key, value in settings.items()), ""])


def convolution(filters: int, size: int, stride: int = 1) -> str:
    settings = {"filters": filters, "size": size, "stride": stride, "pad": 1}
    return layer("convolutional", batch_normalize=1, **settings, activation="leaky")


def scale(mask: str, classes: int) -> str:
    """The last convolution of a scale, and its layer of boxes."""
    last = layer("convolutional", filters=3 * (5 + classes), size=1, stride=1, pad=1, activation="linear")
    anchors = ", ".join(f"{width},{height}" for width, height in ANCHORS)
    return last + layer("yolo", mask=mask, anchors=anchors, classes=classes, num=9)


def save(folder: Path, cfg: str, weights: np.ndarray, names: list[str]) -> Files:
    files = {"cfg": folder / "net.cfg", "weights": folder / "net.weights", "names": folder / "net.names"}
    files["cfg"].write_text(cfg)
    with files["weights"].open("wb") as file:
        file.write(np.array([0, 2, 0, 0, 0], np.int32).tobytes())
        file.write(weights.astype(np.float32).tobytes())
    files["names"].write_text("\n".join(names))
    return {name: str(path) for name, path in files.items()}


def small_weights(channels: list[int], classes: int, seed: int) -> np.ndarray:
    """Random weights of 3 x 3 convolutions and a last one of 1 x 1, in darknet's order."""
    dice, parts = np.random.default_rng(seed), []
    for before, after in pairwise(channels):
        parts += [np.zeros(after), np.ones(after), np.zeros(after), np.ones(after)]
        parts += [dice.normal(0, (2 / 9 / before) ** 0.5, after * before * 9)]
    outputs = 3 * (5 + classes)
    return np.concatenate([*parts, np.full(outputs, -1.0), dice.normal(0, 1, outputs * channels[-1])])


@pytest.fixture
def small_net(tmp_path: Path) -> Files:
    """A darknet detector of four layers for pictures of 64 x 64."""
    cfg = layer("net", width=64, height=64, channels=3) + "".join(convolution(n, 3, 2) for n in (8, 12, 16))
    return save(
        tmp_path, cfg + scale("0,1,2", len(NAMES)), small_weights([3, 8, 12, 16], len(NAMES), 0), NAMES
    )


def darknet53() -> str:
    text = layer("net", width=96, height=96, channels=3) + convolution(32, 3)
    for filters, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        text += convolution(filters, 3, 2)
        block = convolution(filters // 2, 1) + convolution(filters, 3)
        text += (block + layer("shortcut", **{"from": -3}, activation="linear")) * blocks
    return text


def yolov3_cfg(classes: int) -> str:
    text = darknet53()
    for filters, mask, beside in ((512, "6,7,8", 61), (256, "3,4,5", 36), (128, "0,1,2", None)):
        text += (convolution(filters, 1) + convolution(filters * 2, 3)) * 3 + scale(mask, classes)
        if beside is not None:
            text += layer("route", layers=-4) + convolution(filters // 2, 1) + layer("upsample", stride=2)
            text += layer("route", layers=f"-1, {beside}")
    return text


@pytest.fixture(scope="session")
def yolov3_net(tmp_path_factory: pytest.TempPathFactory, pictures: list[Image.Image]) -> Iterator[Files]:
    """The whole of YOLOv3 for three classes, its random weights scaled so that it sees something."""
    models = pytest.importorskip("lightnet.models")
    torch.manual_seed(0)
    network = models.YoloV3(len(NAMES))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    seen = torch.stack([Letterbox((96, 96))(picture)[0] for picture in pictures]).float() / 255
    with torch.no_grad():
        network.train()(seen)
        for head, output in zip(network.head.values(), network.eval()(seen), strict=True):
            head[1].weight.mul_(1.5 / output.std())
            head[1].bias.view(3, -1)[:, 4] = -4
    folder = tmp_path_factory.mktemp("yolov3")
    files = save(folder, yolov3_cfg(len(NAMES)), np.zeros(0), NAMES)
    network.save(files["weights"])
    yield files
    Path(files["weights"]).unlink()  # 250 MB


@pytest.fixture
def darknet_words(small_net: Files) -> list[str]:
    return [f"detector.{name}={value}" for name, value in {**small_net, "size": 64}.items()]


@pytest.fixture
def yolov3_words(yolov3_net: Files) -> list[str]:
    settings = {name: value for name, value in yolov3_net.items() if name != "cfg"}
    return [f"detector.{name}={value}" for name, value in {**settings, "size": 96}.items()]


@pytest.fixture
def torchvision_words() -> list[str]:
    model = "detector.model=ssdlite320_mobilenet_v3_large"
    return [model, "detector.weights=random", "detector.score=0.0112"]


@pytest.fixture
def joined_words(small_net: Files) -> list[str]:
    chosen = [f"detector.darknet.{name}={value}" for name, value in small_net.items()]
    return ["detector.detectors=[annotations,haar,darknet]", *chosen]


@pytest.fixture
def onnx_words(tmp_path: Path) -> list[str]:
    """An exported detector with three classes; its boxes move with the picture's colour."""
    pytest.importorskip("onnx")
    from tests.detector.onnx_files import write_onnx

    dice = np.random.default_rng(2)
    rows = np.concatenate([dice.uniform(5, 60, (4, 30)), dice.uniform(0, 0.9, (3, 30))])
    said = {"names": "{0: 'cup', 1: 'hat', 2: 'kite'}"}
    file = write_onnx(
        tmp_path / "net.onnx", {"output0": rows}, {"output0": dice.normal(0, 1, (3, 7, 30)) / 20}, 64, said
    )
    return [f"detector.weights={file}"]


@pytest.fixture
def transformers_words(tmp_path: Path) -> list[str]:
    """A small RT-DETR with random weights."""
    pytest.importorskip("transformers")
    from tests.detector.hub_folders import rtdetr_folder

    return [f"detector.model={rtdetr_folder(tmp_path)}", "detector.score=0.05"]
