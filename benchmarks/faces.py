"""Faces found, and their points, beside OpenCV's cascade: python benchmarks/faces.py CLIP [CLIP...]."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from emocam.data.film import FilmReader, index_film, upright_frame
from emocam.face.blazeface import BlazeFace
from emocam.face.finder import FaceFinder
from emocam.face.landmarks import FaceMesh
from emocam.face.track import FaceTracker
from emocam.network.face_files import face_file, read_face_detector, read_face_mesh

MOST = 240
"""Frames of a clip that are looked at."""


def frames_of(clip: Path) -> list[Image.Image]:
    shown = []
    for _, frame in FilmReader(clip, index_film(clip)).frames():
        shown.append(upright_frame(frame))
        if len(shown) == MOST:
            break
    return shown


def finder(runtime: str, kind: str = "full") -> FaceFinder:
    detector, side = read_face_detector(face_file(kind, None, "x"), kind, runtime, "x")
    mesh, mesh_side = read_face_mesh(face_file("landmarks", None, "x"), runtime, "x")
    return FaceFinder(BlazeFace(detector, kind, side).eval(), FaceMesh(mesh, mesh_side).eval())


def cascade(neighbours: int, smallest: int) -> Callable[[Image.Image], int]:
    """The frontal face cascade at a step of 1.1; the 68 points that would follow are left out."""
    loaded = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")

    def count(image: Image.Image) -> int:
        grey = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY)
        return len(loaded.detectMultiScale(grey, 1.1, neighbours, minSize=(smallest, smallest)))

    return count


def main(clips: list[Path]) -> None:
    """Print a table: frames with a face, faces, processor time a frame, and faces a second of it."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shown = {clip.name: frames_of(clip) for clip in clips}
    print(
        "| clip | way | frames with a face | faces | ms a frame | frames a second |\n|---|---|---|---|---|---|"
    )
    for name, frames in shown.items():
        ways: dict[str, Callable[[Image.Image], int]] = {}
        for runtime in ("litert", "torch"):
            found, tracker = finder(runtime), FaceTracker(finder(runtime))
            ways[f"ours with 468 points, followed, {runtime}"] = lambda image, t=tracker: len(t.step(image))
            ways[f"ours with 468 points, detected anew, {runtime}"] = lambda image, f=found: len(
                f.faces(image)
            )
        ways["fer's cascade (5, 50), no points"] = cascade(5, 50)
        ways["GiMeFive's cascade (10, 64), without its points"] = cascade(10, 64)
        for way, count in ways.items():
            count(frames[0])
            start = time.process_time()
            counts = [count(frame) for frame in frames]
            spent = (time.process_time() - start) / len(frames)
            found_in = f"{sum(n > 0 for n in counts)} of {len(frames)}"
            print(f"| {name} | {way} | {found_in} | {sum(counts)} | {1000 * spent:.1f} | {1 / spent:.0f} |")


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]])
