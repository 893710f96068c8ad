"""A study in the manner of the reference, from its description: an image at a time, and nothing kept.

Pillow opens the image, the detector looks, the classifier answers in three passes (the label, the
probabilities, the CAM's own), the map is enlarged to the picture and its boxes are sliced row by row; with
several CAMs all of this is done again for each. Pasting changes the whole picture and classifies it, once
for each of 51 variants.
"""

import copy
import tempfile
from functools import cache
from itertools import product
from pathlib import Path
from statistics import NormalDist

import cv2
import libraries
import networks
import numpy as np
import pandas as pd
import torch
from forward import IOU, SCORE, yolo
from lightnet.data.transform import NMS, GetMultiScaleAnchorBoxes
from PIL import Image
from pytorch_grad_cam import GradCAM as LibraryGradCAM
from torch import Tensor, nn

from emocam.cam.base import CAM
from emocam.detector.yolov3 import YOLOv3
from emocam.paste.grid import POSITIONS
from emocam.paste.sticker import read_stickers
from emocam.structures import Batch

BOXES = 300
"""As many candidates or so in a picture."""
HEADS = {
    "lime": lambda forward: libraries.lime(forward, 256),
    "lrp": libraries.lrp,
    "lift": libraries.deeplift,
}


@cache
def detector(size: int) -> YOLOv3:
    """Scaled so that a few boxes a picture stand out; a box is its best object, as lightnet reads it."""
    network = copy.deepcopy(yolo())
    last = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.out_channels == 3 * 606]
    picture = networks.pictures(1, (size, size), seed=1).classifier_view.float() / 255
    with torch.no_grad():
        outputs = network(picture)
        anchors = sum(3 * output[0, 0].numel() for output in outputs)
        rare = NormalDist().inv_cdf(1 - min(0.3, BOXES / anchors))
        for layer, output in zip(last, outputs, strict=True):
            rows = output[0].flatten(1)
            middle, spread = rows.mean(1), rows.std(1)
            wanted, centre = torch.ones(3, 606), torch.zeros(3, 606)
            wanted[:, 4], centre[:, 4], wanted[:, 5:], wanted[:, 2:4] = 2, -4 - 2 * rare, 3, 0.5
            factor = wanted.flatten() / spread
            assert layer.bias is not None
            layer.bias.copy_((layer.bias - middle) * factor + centre.flatten())
            layer.weight.mul_(factor[:, None, None, None])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "yolov3.pth"
        torch.save(network.state_dict(), file)
        return YOLOv3(str(file), size=size, classes="softmax")


def pillow(image: Image.Image) -> Tensor:
    """(1, 3, h, w)."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]


def letterbox(image: Image.Image, size: int) -> tuple[Image.Image, Tensor]:
    """In a grey square, and the square's corners as fractions of the picture, (4,)."""
    scale = min(size / image.width, size / image.height)
    inner = round(image.width * scale), round(image.height * scale)
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    square = Image.new("RGB", (size, size), (127, 127, 127))
    square.paste(image.resize(inner, Image.Resampling.BILINEAR), (left, top))
    corners = torch.tensor([-left, -top, size - left, size - top])
    return square, corners / torch.tensor([*inner, *inner])


class Loop:
    """An image at a time."""

    def __init__(self, size: int) -> None:
        self.net = networks.emonet()
        self.network, self.size = networks.emonet_as_written(), size
        self.detector = copy.deepcopy(detector(size).network).to(memory_format=torch.contiguous_format)
        stride, anchors = self.detector.stride, self.detector.anchors
        self.read, self.suppress = GetMultiScaleAnchorBoxes(SCORE, stride, anchors), NMS(IOU)

    @torch.no_grad()
    def detect(self, image: Image.Image) -> pd.DataFrame:
        """Boxes in pixels of the picture."""
        view, window = letterbox(image, self.size)
        rows = self.suppress(self.read(self.detector(pillow(view).float() / 255)))
        middle, half = rows[:, 1:3] / self.size, rows[:, 3:5] / self.size / 2
        span = (window[2:] - window[:2]).repeat(2)
        corners = torch.cat([middle - half, middle + half], 1) * span + window[:2].repeat(2)
        pixels = corners.clamp(0, 1) * torch.tensor([*image.size, *image.size])
        table = pd.DataFrame(pixels.numpy(), columns=["x0", "y0", "x1", "y1"])
        return table.assign(score=rows[:, 5].numpy(), object=rows[:, 6].numpy().astype(int))

    def see(self, image: Image.Image) -> Tensor:
        """EmoNet's input."""
        return self.net.prepare(pillow(image.resize((227, 227), Image.Resampling.BICUBIC))).contiguous()

    def map_of(self, x: Tensor, method: str, label: Tensor) -> np.ndarray:
        if method == "gradcam":
            return LibraryGradCAM(self.network, [self.network.conv5])(x, None)[0]
        if method == "ablation":
            return libraries.ablation(self.network, self.network.conv5, x)[0]
        forward = CAM().forward_pass(self.net, self.batch_of(x))
        weights = HEADS[method](forward)(forward.activation.detach(), label)
        return libraries.drawn_alike(
            torch.einsum("bc,bchw->bhw", weights, forward.activation.detach()), x.shape[2:]
        )[0]

    def batch_of(self, x: Tensor) -> Batch:
        batch = networks.pictures(1, (1, 1))
        view = (x + self.net.mean).round().clamp(0, 255).to(torch.uint8)
        return Batch(**{**vars(batch), "classifier_view": view})

    def explain(self, file: Path, method: str) -> pd.DataFrame:
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        regions = self.detect(image)
        x = self.see(image)
        with torch.no_grad():
            label = self.network(x).argmax(1)
            confidence = float(self.network(x).softmax(1).amax())
        large = cv2.resize(self.map_of(x, method, label), image.size)
        importance = []
        for _, row in regions.iterrows():
            inside = large[round(row["y0"]) : round(row["y1"]), round(row["x0"]) : round(row["x1"])]
            importance.append(float(inside.mean()) if inside.size else np.nan)
        return regions.assign(image=file.name, label=int(label), confidence=confidence, importance=importance)

    def paste(self, file: Path) -> list[int]:
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        answers = []
        for sticker, (x, y) in product(read_stickers(None), POSITIONS):
            tall = round(0.2 * image.height)
            wide = round(tall * sticker.image.width / sticker.image.height)
            object = sticker.image.resize((wide, tall), Image.Resampling.LANCZOS)
            changed = image.copy()
            changed.paste(
                object, (round(x * image.width - wide / 2), round(y * image.height - tall / 2)), object
            )
            with torch.no_grad():
                answers.append(int(self.network(self.see(changed)).argmax()))
        return answers
