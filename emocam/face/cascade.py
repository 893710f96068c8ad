"""The largest face of a picture, found as the package fer finds it."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emocam.errors import Refused
from emocam.settings.read_files import noted
from emocam.system.opencv import load_opencv_4

STEP, NEIGHBOURS, SMALLEST, AROUND = 1.1, 5, 50, 10
"""As in the package: the smallest face in pixels, and the pixels added on each side of one."""
SIDE = 1024
"""Larger pictures are searched at this size, since the time grows with the pixels."""


@cache
def load_cascade() -> Any:
    """Load OpenCV's own cascade, once in each process."""
    cv2 = load_opencv_4("classifier.face")
    file = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
    return cv2.CascadeClassifier(str(noted(file)))


def faces(image: Image.Image) -> np.ndarray:
    """Return boxes (n, 4) in pixels, from large to small, with some room around, within the picture."""
    scale = max(1.0, max(image.size) / SIDE)
    searched = image.convert("L").resize([max(1, round(side / scale)) for side in image.size])
    places = load_cascade().detectMultiScale(
        np.asarray(searched), STEP, NEIGHBOURS, minSize=(SMALLEST, SMALLEST)
    )
    x, y, width, height = (np.reshape(places, (-1, 4)) * scale).round().astype(int).T
    boxes = np.stack([x - AROUND, y - AROUND, x + width + AROUND, y + height + AROUND], 1)
    boxes = boxes[np.argsort(-width * height, kind="stable")]
    return boxes.clip(0, [image.width, image.height, image.width, image.height])


def largest_face(image: Image.Image) -> tuple[int, int, int, int]:
    """Return the largest face's box in pixels; a picture without a face is refused."""
    boxes = faces(image)
    if not len(boxes):
        raise Refused("no face was found in it")
    left, top, right, bottom = (int(side) for side in boxes[0])
    return left, top, right, bottom
