"""Exported detectors: an ONNX file of YOLOv5 to v11, RT-DETR or DETR, run by ONNX Runtime on the CPU."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from emocam.detector.base import Detector
from emocam.detector.identity import identify
from emocam.detector.onnx_outputs import LAYOUTS, STRETCHED, Layout, decoded, output_layout
from emocam.detector.postprocess import pack_regions
from emocam.errors import SettingError
from emocam.network.labels_file import read_labels
from emocam.network.onnx_program import OnnxProgram
from emocam.network.weights import file_sha256
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.crops import Letterbox, Stretch

GREY = 114
"""What exports of YOLO were shown around a picture."""
USUAL = 640


class OnnxDetector(Detector):
    """The detector of a file `weights`; its names are the file's own, or those of the file `names`.

    `layout` says how its outputs are read, where their shapes do not tell; `fit` puts pictures into a
    `letterbox`, as YOLO's are, or is `stretch`, as RT-DETR's are. Pixels are in [0, 1], less `mean` and divided by
    `std`. A box is of its best class.
    """

    def __init__(
        self,
        weights: str | None = None,
        names: str | None = None,
        size: Sequence[int] | int | None = None,
        layout: Layout | None = None,
        fit: Literal["letterbox", "stretch"] | None = None,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
        score: float = 0.25,
        iou: float = 0.45,
    ) -> None:
        super().__init__(score, iou)
        if weights is None:
            raise SettingError("detector.weights is not set; detector=onnx needs detector.weights=FILE.onnx")
        if layout is not None and layout not in LAYOUTS:
            raise SettingError(f"detector.layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
        if fit not in (None, "letterbox", "stretch"):
            raise SettingError(f"detector.fit must be letterbox or stretch, got {fit!r}")
        self.weights = weights
        self.program: OnnxProgram | None = OnnxProgram(weights, "detector.weights")
        self.objects = self._names(names)
        said = self.program.said.get("description", "")
        self.layout = layout or output_layout(self.program.outputs, len(self.objects), said, weights)
        self.size = self._size(size)
        stretched = self.layout in STRETCHED if fit is None else fit == "stretch"
        self.view = Stretch(self.size) if stretched else Letterbox(self.size, grey=GREY)
        self.mean, self.std = (torch.tensor(list(three))[:, None, None] for three in (mean, std))
        self._try()
        settings: dict[str, object] = {"layout": self.layout, "view": self.view, "score": score, "iou": iou}
        settings |= {"mean": list(mean), "std": list(std), "onnxruntime": self.program.version}
        self.identity = identify("onnx", self.objects, weights=file_sha256(weights), **settings)

    def _names(self, names: str | None) -> list[str]:
        assert self.program is not None
        found = self.program.names() if names is None else read_labels(names, "detector.names")
        if found is None:
            raise SettingError(
                f"detector.names is not set, and {self.weights} names no classes; give a text file with a name a line"
            )
        if twice := next((name for place, name in enumerate(found) if name in found[:place]), None):
            raise SettingError(
                f"detector.weights: {self.weights} names two classes {twice!r}; give detector.names"
            )
        return found

    def _size(self, asked: Sequence[int] | int | None) -> tuple[int, int]:
        assert self.program is not None
        own = self.program.size()
        if asked is None:
            return own or (USUAL, USUAL)
        height, width = (asked, asked) if isinstance(asked, int) else asked
        if isinstance(self.program.inputs[0].shape[2], int) and own != (height, width):
            raise SettingError(f"detector.size: {self.weights} takes {own}, got {(height, width)}")
        return height, width

    def _try(self) -> None:
        """Run the file once, so that one that does not fit is told before the work."""
        try:
            boxes, scores = self._answers(torch.zeros(1, 3, *self.size, dtype=torch.uint8))
        except SettingError:
            raise
        except Exception as error:  # of ONNX Runtime, or of outputs that are shaped otherwise
            reason = " ".join(str(error).split())[:160]
            raise SettingError(
                f"detector.weights: {self.weights} cannot be read as {self.layout} of {self.size} ({reason}); "
                "detector.layout and detector.size say how"
            ) from None
        if boxes.shape[:2] != scores.shape[:2] or scores.shape[-1] != len(self.objects):
            raise SettingError(
                f"detector.names: {len(self.objects)} names, but {self.weights} has {scores.shape[-1]} classes"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "program": None}  # sessions do not travel between processes

    def _answers(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes (B, N, 4) as parts of the view and scores (B, N, K)."""
        self.program = self.program or OnnxProgram(self.weights, "detector.weights")
        x = (views.cpu().float() / 255 - self.mean) / self.std
        return decoded(self.layout, self.program.run(x), self.size, len(self.objects))

    def forward(self, batch: Batch) -> Detections:
        assert isinstance(batch.detector_view, Tensor)
        boxes, scores = self._answers(batch.detector_view)
        best, object = scores.max(-1)
        image, row = (best > self.score).nonzero(as_tuple=True)
        found = boxes[image, row], object[image, row], best[image, row].clamp(max=1)
        regions = pack_regions(*found, image, batch.detector_window.cpu(), self.iou)
        return regions.to(batch.detector_window.device)
