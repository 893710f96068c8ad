"""The whole live pipeline beside GiMeFive's way, on one clip: python benchmarks/live.py CLIP [FRAMES].

Ways take turns of 24 frames in one process and on one thread; times are processor seconds a frame.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch
from PIL import Image
from torch import nn

from emocam.cam.gradcam import GradCAM
from emocam.classifier.base import Classifier
from emocam.classifier.compact_face import CompactFace
from emocam.classifier.gimefive import GiMeFive, GiMeFiveNetwork
from emocam.data.faces import read_finder
from emocam.data.film_stream import FilmStream
from emocam.data.film_writer import FilmWriter
from emocam.detector.annotations import Annotations
from emocam.face.regions import region_names
from emocam.face.track import FaceTracker
from emocam.functional.frame_drawing import draw_frame
from emocam.importance.mean import Mean
from emocam.live.answers import LiveAnswers
from emocam.live.timeline_rows import TimelineRows
from emocam.network.face_files import face_file
from emocam.predict.explain import Explain
from emocam.records.thresholds import Thresholds

TURN = 24
LABELS = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")
Frame = Image.Image | np.ndarray


class TheirWay:
    """The cascade of GiMeFive on grey, its network on each face, Grad-CAM by hooks, and OpenCV's drawing.

    Their 68 points are left out: the network for them comes with no package.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval().requires_grad_(True)
        self.cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
        self.faces = 0
        self.kept: dict[str, torch.Tensor] = {}
        self.network.conv5.register_forward_hook(lambda _, __, out: self.kept.update(activation=out))
        self.network.conv5.register_full_backward_hook(lambda _, __, out: self.kept.update(gradient=out[0]))
        self.mean = torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)
        self.std = torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1)

    def __call__(self, frame: np.ndarray, time: float) -> np.ndarray:
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        drawn = frame.copy()
        for x, y, w, h in self.cascade.detectMultiScale(grey, 1.1, 10, minSize=(64, 64)):
            self.faces += 1
            probability, map = self.explained(cv2.resize(grey[y : y + h, x : x + w], (64, 64)))
            heat = cv2.applyColorMap(
                (255 * cv2.resize(map, (int(w), int(h)))).astype(np.uint8), cv2.COLORMAP_JET
            )
            part = drawn[y : y + h, x : x + w]
            drawn[y : y + h, x : x + w] = cv2.addWeighted(part, 0.6, heat, 0.4, 0)
            cv2.rectangle(drawn, (x, y), (x + w, y + h), (0, 255, 0), 2)
            best = int(probability.argmax())
            text = f"{LABELS[best]} {probability[best]:.2f}"
            cv2.putText(drawn, text, (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 255, 0), 2)
            for row, (label, value) in enumerate(zip(LABELS, probability, strict=True)):
                top = int(y + 20 * row)
                cv2.putText(
                    drawn, label, (x + w + 4, top + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1
                )
                cv2.rectangle(
                    drawn, (x + w + 90, top + 4), (x + w + 90 + int(60 * value), top + 14), (0, 255, 0), -1
                )
        return drawn

    def explained(self, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pixels = torch.from_numpy(face).float().div(255).expand(3, -1, -1)
        logits = self.network(((pixels - self.mean) / self.std)[None])
        self.network.zero_grad()
        logits[0, logits.argmax()].backward()
        weights = self.kept["gradient"].mean((2, 3), keepdim=True)
        map = torch.relu((weights * self.kept["activation"]).sum(1))[0].detach()
        map = map / map.max().clamp_min(1e-8)
        return logits.softmax(-1)[0].detach().numpy(), map.numpy()


class OurWay:
    """What `emocam watch` does with a frame: answers, the row of the table, drawing; with a film, its writing."""

    def __init__(
        self, classifier: Classifier, runtime: str, folder: Path, redetect: int = 15, film: bool = False
    ) -> None:
        files = face_file("full", None, "x"), face_file("landmarks", None, "x")
        tracker = FaceTracker(read_finder(files, "full", runtime, 0.5, 24), redetect)
        detector = Annotations()
        detector.set_annotated_objects(region_names("coarse"))
        self.answers = LiveAnswers(
            Explain(classifier, detector, [GradCAM()], Mean()), Mean(), Thresholds(), tracker
        )
        name = f"{type(classifier).__name__}-{runtime}-{redetect}-{film}"
        self.rows = TimelineRows(folder / f"{name}.csv", "clip", self.answers.labels, self.answers.objects)
        self.film = FilmWriter(folder / f"{name}.mp4", fragments=True) if film else None
        self.faces = 0

    def __call__(self, frame: Image.Image, time: float) -> Image.Image:
        found = self.answers(frame, time)
        self.faces += len(found)
        drawn = draw_frame(
            frame, [answer.drawn for answer in found], f"what the network answers   {time:.1f} s"
        )
        shown = self.film.add(drawn, time) if self.film is not None else None
        self.rows.add(time, found, shown)
        return drawn


def with_pyav(clip: Path) -> Iterator[tuple[Frame, float]]:
    while True:
        for image, second in FilmStream(str(clip)).frames(threading.Event()):
            yield image, second or 0.0


def with_opencv(clip: Path) -> Iterator[tuple[Frame, float]]:
    while True:
        capture = cv2.VideoCapture(str(clip))
        while True:
            there, pixels = capture.read()
            if not there:
                break
            yield pixels, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        capture.release()


def main(clip: Path, frames: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        same = GiMeFive(weights="random")
        ways: dict[str, tuple[Callable[..., Frame], Iterator[tuple[Frame, float]]]] = {
            "GiMeFive's way: cascade, its network, Grad-CAM, drawing": (
                TheirWay(GiMeFiveNetwork(len(LABELS))),
                with_opencv(clip),
            ),
        }
        for runtime in ("torch", "litert"):
            compact = CompactFace(weights="random")
            for told, given in {
                f"ours, the same network, {runtime}": (same, runtime, folder),
                f"ours, the same network, a face detected in every frame, {runtime}": (
                    same,
                    runtime,
                    folder,
                    1,
                ),
                f"ours, compact_face, {runtime}": (compact, runtime, folder),
                f"ours, compact_face, and a film written, {runtime}": (compact, runtime, folder, 15, True),
            }.items():
                ways[told] = (OurWay(*given), with_pyav(clip))
        spent: dict[str, list[float]] = {way: [] for way in ways}
        for way, shown in ways.values():
            way(*next(shown))
            way.faces = 0
        for turn in range(max(1, frames // TURN)):
            order = list(ways) if turn % 2 == 0 else list(ways)[::-1]
            for told in order:
                way, shown = ways[told]
                began = time.process_time()
                for _ in range(TURN):
                    way(*next(shown))
                spent[told].append((time.process_time() - began) / TURN)
        looked = TURN * max(1, frames // TURN)
        theirs = next(iter(spent.values()))
        print("| way | faces | ms a frame | frames a second | theirs over it |\n|---|---|---|---|---|")
        for told, (way, _) in ways.items():
            mine = spent[told]
            ratio = f"{median(theirs) / median(mine):.1f}x ({min(theirs) / min(mine):.1f}x)"
            print(
                f"| {told} | {way.faces} in {looked} | {1000 * median(mine):.1f} (least {1000 * min(mine):.1f}) "
                f"| {1 / median(mine):.0f} ({1 / min(mine):.0f}) | {'' if mine is theirs else ratio} |"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 240)
