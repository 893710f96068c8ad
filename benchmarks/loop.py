"""A study in the manner of the reference, from its description: an image at a time, and nothing kept.

Pillow opens the image, the detector looks, the classifier answers in three passes (the label, the
probabilities, the CAM's own), the map is enlarged to the picture and its boxes are sliced row by row; with
several CAMs all of this is done again for each. Pasting changes the whole picture and classifies it, once
for each of 51 variants.
"""

from itertools import product
from pathlib import Path

import cv2
import libraries
import networks
import numpy as np
import pandas as pd
import torch
from lightnet.data.transform import NMS, GetMultiScaleAnchorBoxes
from PIL import Image
from pytorch_grad_cam import GradCAM as LibraryGradCAM
from torch import Tensor

from emocam.cam.base import CAM
from emocam.paste.grid import POSITIONS
from emocam.paste.sticker import read_stickers
from emocam.records.picture import Batch

HEADS = {
    "lime": lambda forward: libraries.lime(forward, 256),
    "lrp": libraries.lrp,
    "lift": libraries.deeplift,
}


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
        self.detector = networks.yolo(size)
        stride, anchors = self.detector.stride, self.detector.anchors
        self.read = GetMultiScaleAnchorBoxes(networks.SCORE, stride, anchors)
        self.suppress = NMS(networks.IOU)

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
