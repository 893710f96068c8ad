"""The whole study, from files to tables: ours beside a loop in the manner of the reference.

The loop takes an image at a time: Pillow opens it, the detector looks, the classifier answers in three
passes (the label, the probabilities, the CAM's own), the map is enlarged to the picture and its boxes are
sliced row by row; with several CAMs all of this is done again for each. Pasting changes the whole picture
and classifies it, once for each of 51 variants. The networks have random weights, the detector's last
layers scaled so that it finds boxes.
"""

import copy
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from statistics import NormalDist
from typing import Any

import cv2
import libraries
import limits
import networks
import numpy as np
import pandas as pd
import torch
from forward import IOU, SCORE, yolo
from lightnet.data.transform import NMS, GetMultiScaleAnchorBoxes
from PIL import Image
from pytorch_grad_cam import GradCAM as LibraryGradCAM
from racing import Agreement, Contest, Kept, Way, duration, race, table_of
from torch import Tensor, nn

from emocam.cam.ablation import AblationCAM
from emocam.cam.base import CAM
from emocam.cam.gradcam import GradCAM
from emocam.cam.lift import LIFTCAM
from emocam.cam.lime import LIMECAM
from emocam.cam.lrp import LRP
from emocam.data.folder import Folder
from emocam.data.samples import Samples, collate
from emocam.detector.yolov3 import YOLOv3
from emocam.importance.mean import Mean
from emocam.paste.grid import POSITIONS, Grid
from emocam.paste.sticker import read_stickers
from emocam.store import tables
from emocam.structures import Batch, Evidence
from emocam.task.association import Explain
from emocam.task.pasting import Reclassify, Variants

PHOTOS = Path(__file__).resolve().parents[2] / "shared/data/photos"
FINDINGEMO, BOXES = 25_869, 300
PAPER: dict[str, type[CAM]] = {
    "gradcam": GradCAM,
    "ablation": AblationCAM,
    "lime": LIMECAM,
    "lrp": LRP,
    "lift": LIFTCAM,
}
LOOP = "a loop in the manner of the reference"


@cache
def photos(folder: Path, images: int) -> Path:
    """A folder of photographs: real ones where they are, else drawn from noise."""
    folder.mkdir(exist_ok=True)
    real = sorted(PHOTOS.glob("*.jpg"))[:images] if PHOTOS.is_dir() else []
    dice = np.random.default_rng(0)
    for number in range(images):
        file = folder / f"{number:03d}.jpg"
        if real:
            file.write_bytes(real[number % len(real)].read_bytes())
        else:
            noise = Image.fromarray(dice.integers(0, 255, (24, 32, 3), np.uint8))
            noise.resize((640, 480), Image.Resampling.BICUBIC).save(file, quality=90)
    return folder


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
        library: dict[str, Callable] = {
            "lime": lambda forward: libraries.lime(forward, 256),
            "lrp": libraries.lrp,
            "lift": libraries.deeplift,
        }
        forward = CAM().forward_pass(self.net, self.batch_of(x))
        weights = library[method](forward)(forward.activation.detach(), label)
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


class Ours:
    """A batch at a time, as a run goes."""

    def __init__(
        self, folder: Path, size: int, methods: list[str], images: int, precision: str = "32"
    ) -> None:
        self.data = Folder(root=str(folder))
        self.data.begin()
        self.listing, self.images = self.data.listing()[:images], images
        self.net, self.detector = networks.emonet(), detector(size)
        if precision == "bf16":  # as `precision=bf16` makes them
            self.net, self.detector = copy.deepcopy((self.net, self.detector))
            self.net.bf16 = True
            self.detector.to_bf16()
        self.step = Explain(self.net, self.detector, [PAPER[m]() for m in methods], Mean())
        places = np.arange(images)
        self.samples = Samples(self.data, self.listing, places, self.net.view, self.detector.view)
        self.variants = Variants(self.data, self.listing, places, self.net.view, Grid(), {})
        self.again = Reclassify(self.net, None)

    def open(self) -> Batch:
        return collate([self.samples[i] for i in range(self.images)])

    def explain(self) -> list[Evidence]:
        found = self.step.predict_step(self.open())
        for evidence in found:
            tables(evidence, self.net.labels, self.detector.objects)
        return found

    def paste(self) -> list[list[int]]:
        return [
            self.again.predict_step(self.variants[i]).logits[1:].argmax(1).tolist()
            for i in range(self.images)
        ]

    def both(self) -> None:
        self.explain()
        self.paste()


def credited(objects: Any, importance: Any) -> set[int]:
    return {int(o) for o, i in zip(objects, importance, strict=True) if i > 0.3}


def agreement(ours: Ours, loop: Loop, files: list[Path], tolerance: float) -> Agreement:
    """Which objects count in which image; a box at the threshold may fall to either side."""
    evidence, differing, total = ours.explain()[0], 0, 0
    for i, file in enumerate(files):
        rows, here = loop.explain(file, "gradcam"), evidence.detections.image == i
        one = credited(evidence.detections.object[here], evidence.importance[here])
        two = credited(rows["object"], rows["importance"])
        differing, total = differing + len(one ^ two), total + len(one | two)
    return Agreement(differing / max(total, 1), tolerance, f"share of {total} objects counted by one alone")


def pasted(ours: Ours, loop: Loop, file: Path) -> Agreement:
    one, two = ours.paste()[0], loop.paste(file)
    apart = sum(a != b for a, b in zip(one, two, strict=True)) / len(one)
    return Agreement(apart, 0.02, f"share of {len(one)} labels after pasting that differ")


def contests_in(folder: Path, small: bool) -> Iterator[Contest]:
    size, images = (96, 2) if small else (608, 8)
    files = sorted(photos(folder, images).iterdir())
    loop = Loop(size)

    def everything() -> None:
        for method in PAPER:
            loop.explain(files[0], method)
        loop.paste(files[0])

    for precision, least, tolerance in (("32", (1.3, 9), 0.05), ("bf16", (2.6, 18), 0.5)):
        single, five = (
            Ours(folder, size, methods, images, precision) for methods in (["gradcam"], list(PAPER))
        )
        said = "" if precision == "32" else ", precision=bf16"
        yield Contest(
            f"Grad-CAM study, batch {images}{said}",
            Way(single.explain, images),
            {LOOP: Way(lambda: loop.explain(files[0], "gradcam"))},
            lambda single=single, tolerance=tolerance: agreement(single, loop, files[:3], tolerance),
            {LOOP: least[0]},
        )
        yield Contest(
            f"five CAMs and paste (51 variants), batch {images}{said}",
            Way(five.both, images),
            {LOOP: Way(everything)},
            lambda five=five: pasted(five, loop, files[0]),
            {LOOP: least[1]},
        )


def contests(small: bool = False) -> Iterator[Contest]:
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name:
        yield from contests_in(Path(name) / "photos", small)


def projection(kept: Kept) -> str:
    """Hours of one core for the pictures of FindingEmo."""
    lines = [f"\n{FINDINGEMO:,} pictures on this one core would take, by these medians:", ""]
    for work, times in kept:
        told = ", ".join(f"{name} {seconds * FINDINGEMO / 3600:.1f} h" for name, seconds in times.items())
        lines.append(f"- {work}: {told}")
    return "\n".join(lines)


def stages() -> str:
    """Where the time of ours goes, beside what the core could do, and what a corpus costs."""
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name:
        ours = Ours(photos(Path(name) / "photos", 8), 608, list(PAPER), 8)
        batch = ours.open()
        x = ours.net.prepare(batch.classifier_view)
        view = (batch.detector_view[:1].float() / 255).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            prediction, explanations = ours.step.explain(batch)
            found = ours.detector(batch)
        evidence = ours.step.weigh(batch, prediction, explanations[0], found)
        seen = ours.net.features(x)
        work = {
            "open, turn, both views": (ours.open, 0.0),
            "EmoNet's features": (lambda: ours.net.features(x), networks.flop(ours.net.features, x[:1])),
            "EmoNet's head": (lambda: ours.net.head(seen), networks.flop(ours.net.head, seen[:1])),
            "features, answer and five CAMs": (lambda: ours.step.explain(batch), 0.0),
            "YOLOv3-608 with post-processing": (
                lambda: ours.detector(batch),
                networks.flop(ours.detector.network, view),
            ),
            "importance and chance, one CAM": (
                lambda: ours.step.weigh(batch, prediction, explanations[0], found),
                0.0,
            ),
            "tables, one CAM": (lambda: tables(evidence, ours.net.labels, ours.detector.objects), 0.0),
            "paste, 51 variants": (ours.paste, 0.0),
        }
        ways = {name: Way(torch.no_grad()(call) if flop else call, 8) for name, (call, flop) in work.items()}
        times = race({**ways, "sgemm": limits.product()}, rounds=3)
    best = {name: min(t.seconds) for name, t in times.items()}
    lines = [
        f"\n{len(found) / 8:.0f} regions a picture.",
        "",
        "| stage, batch 8 | an image | of sgemm |",
        "|---|---|---|",
    ]
    for name, (_, flop) in work.items():
        share = f"{100 * flop / 1e9 * best['sgemm'] / best[name]:.0f} %" if flop else ""
        lines.append(f"| {name} | {duration(best[name])} | {share} |")
    return "\n".join(lines)


def table() -> str:
    kept: Kept = []
    return "\n".join([table_of(contests(), kept), projection(kept), stages()])


if __name__ == "__main__":
    print(table())
