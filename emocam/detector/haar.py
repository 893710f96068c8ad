"""Faces, eyes and smiles by the cascades that come with OpenCV 4.

Viola and Jones 2001, https://doi.org/10.1109/CVPR.2001.990517.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL.Image import Resampling
from torch import Tensor

from emocam.detector.base import Detector
from emocam.detector.identity import identify
from emocam.detector.postprocess import pack_regions
from emocam.errors import SettingError, nearest
from emocam.network.weights import file_sha256
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.settings.read_files import noted
from emocam.system.opencv import load_opencv_4
from emocam.view.crops import Letterbox


@dataclass(frozen=True)
class Feature:
    """A cascade; `band` is the part of a face, from top to bottom, in which it searches."""

    name: str
    file: str
    neighbours: int
    band: tuple[float, float] = (0.0, 1.0)


# In whole pictures the cascades of eyes and smiles answer to nearly anything, so they look in faces.
FACE = Feature("Human face", "haarcascade_frontalface_default.xml", 3)
FEATURES = {
    "face": FACE,
    "eye": Feature("Human eye", "haarcascade_eye.xml", 3, (0.0, 0.6)),
    "smile": Feature("Smile", "haarcascade_smile.xml", 10, (0.5, 1.0)),
}
STEP = 1.1
"""From one size of the search window to the next."""


class Haar(Detector):
    """A detector of `features`: face, eye, smile; names are Open Images', except Smile, which is not there.

    A score is the logistic of the last stage's vote minus 2: it orders the regions of one feature, and is
    no probability. The view is a letterbox of `size` pixels, in which the smallest face found measures
    `smallest` of a side.
    """

    def __init__(
        self,
        features: Sequence[str] = ("face", "eye", "smile"),
        size: int = 640,
        smallest: float = 0.05,
        score: float = 0.005,
        iou: float = 0.005,
    ) -> None:
        super().__init__(score, iou)
        features = list(features)
        for feature in features:
            if feature not in FEATURES:
                raise SettingError(f"detector.features {feature!r} is unknown; {nearest(feature, FEATURES)}")
        if not features or len(set(features)) < len(features):
            choices = ", ".join(FEATURES)
            raise SettingError(
                f"detector.features must name at least one of {choices}, each once, got {features}"
            )
        if size < 24:
            raise SettingError(f"detector.size must be at least 24, got {size}")
        if not 0 < smallest <= 1:
            raise SettingError(f"detector.smallest must be in (0, 1], got {smallest:g}")
        self.features = [FEATURES[feature] for feature in features]
        self.objects = [feature.name for feature in self.features]
        self.view = Letterbox((size, size), Resampling.BICUBIC)
        self.smallest = round(size * smallest)
        self.cascades: dict[str, Any] = {}
        cv2 = load_opencv_4()
        files = [file_sha256(_path(feature)) for feature in [FACE, *self.features]]
        settings = {"size": size, "smallest": smallest, "score": score, "iou": iou}
        self.identity = identify("haar", [*self.objects, *files], **settings, opencv=cv2.__version__)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "cascades": {}}  # OpenCV's cascades do not travel between processes

    def forward(self, batch: Batch) -> Detections:
        assert isinstance(batch.detector_view, Tensor)
        cv2 = load_opencv_4()
        size = batch.detector_view.shape[-1]
        rows = []
        for image, view in enumerate(batch.detector_view.cpu().permute(0, 2, 3, 1).numpy()):
            for object, box, vote in self._look(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)):
                rows.append([*(box / size), object, 1 / (1 + np.exp(2 - vote)), image])
        table = torch.tensor(np.array(rows, np.float64).reshape(-1, 7))
        table = table[table[:, 5] > self.score]
        boxes = table[:, :4]
        score = table[:, 5].float()
        window = batch.detector_window.cpu()
        regions = pack_regions(boxes, table[:, 4].long(), score, table[:, 6].long(), window, self.iou)
        return regions.to(batch.detector_window.device)

    def _look(self, grey: np.ndarray) -> Iterator[tuple[int, np.ndarray, float]]:
        """Yield object, box (4,) in pixels and vote of each region in a picture."""
        faces = list(self._find(FACE, grey, self.smallest))
        for object, feature in enumerate(self.features):
            if feature == FACE:
                yield from ((object, box, vote) for box, vote in faces)
                continue
            for left, top, right, bottom in (box.astype(int) for box, _ in faces):
                low, high = (top + round((bottom - top) * part) for part in feature.band)
                for box, vote in self._find(feature, grey[low:high, left:right], 1):
                    yield object, box + np.array([left, low, left, low]), vote

    def _find(self, feature: Feature, grey: np.ndarray, smallest: int) -> Iterator[tuple[np.ndarray, float]]:
        if feature.file not in self.cascades:
            self.cascades[feature.file] = load_opencv_4().CascadeClassifier(str(noted(_path(feature))))
        boxes, _, votes = self.cascades[feature.file].detectMultiScale3(
            np.ascontiguousarray(grey),
            STEP,
            feature.neighbours,
            0,
            (smallest, smallest),
            outputRejectLevels=True,
        )
        for (x, y, width, height), vote in zip(np.reshape(boxes, (-1, 4)), np.ravel(votes), strict=True):
            yield np.array([x, y, x + width, y + height], np.float64), float(vote)


def _path(feature: Feature) -> str:
    return str(Path(load_opencv_4().data.haarcascades) / feature.file)
