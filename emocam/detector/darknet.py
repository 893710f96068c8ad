"""Any darknet detector, from its cfg and weights, run by OpenCV's dnn module on the CPU."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from emocam.detector.base import Detector
from emocam.detector.darknet_file import check_size, header_bytes, read_cfg, value, with_threshold, with_value
from emocam.detector.identity import identify
from emocam.detector.postprocess import pack_regions
from emocam.errors import SettingError
from emocam.network.labels_file import read_labels
from emocam.network.weights import file_sha256
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.settings.read_files import noted
from emocam.system.opencv import load_opencv_4
from emocam.view.crops import Letterbox, Stretch


class Darknet(Detector):
    """A darknet detector; `cfg`, `weights` and `names` belong together, `size` replaces the cfg's size.

    `fit` puts pictures into a `letterbox`, as darknet began, or is `stretch`, as later forks train. A whole
    batch is one blob. A [region] layer has dropped overlaps above .4 before EmoCAM sees its boxes.
    """

    def __init__(
        self,
        cfg: str | None = None,
        weights: str | None = None,
        names: str | None = None,
        size: int | None = None,
        fit: Literal["letterbox", "stretch"] = "letterbox",
        score: float = 0.005,
        iou: float = 0.005,
    ) -> None:
        super().__init__(score, iou)
        cfg, weights, names = (
            _given(*file) for file in (("cfg", cfg), ("weights", weights), ("names", names))
        )
        if fit not in ("letterbox", "stretch"):
            raise SettingError(f"detector.fit must be letterbox or stretch, got {fit!r}")
        if size is not None and (size < 32 or size % 32):
            raise SettingError(f"detector.size must be a multiple of 32 or null, got {size}")
        text = read_cfg(cfg)
        self.objects = read_labels(names, "detector.names")
        if (classes := value(text, "classes", cfg)) != len(self.objects):
            raise SettingError(
                f"detector.names: {names} lists {len(self.objects)} names, but {cfg} has {classes} classes"
            )
        if size is not None:
            text = with_value(with_value(text, "width", size), "height", size)
        shape = value(text, "height", cfg), value(text, "width", cfg)
        self.view = (Letterbox if fit == "letterbox" else Stretch)(shape)
        self.text = with_threshold(text, score)
        self.cfg = cfg
        self.weights = weights
        self.network = self._read()
        self._try(shape)
        settings = {"fit": fit, "score": score, "iou": iou, "opencv": load_opencv_4().__version__}
        self.identity = identify(
            "darknet", [*self.objects, self.text], weights=file_sha256(weights), **settings
        )

    def _read(self) -> Any:
        cv2 = load_opencv_4()
        header_bytes(self.weights)
        stored = np.fromfile(noted(self.weights), np.uint8)
        try:
            network = cv2.dnn.readNetFromDarknet(np.frombuffer(self.text.encode(), np.uint8), stored)
        except cv2.error as error:
            raise SettingError(
                f"detector.cfg: OpenCV cannot read {self.cfg} with {self.weights} ({_words(error)})"
            ) from None
        layers = [network.getLayer(network.getLayerId(name)) for name in network.getLayerNames()]
        # anchors are kept like weights, but stand in the cfg
        blobs = [blob.size for layer in layers if layer.type != "Region" for blob in layer.blobs]
        check_size(self.weights, sum(blobs), "detector.weights")
        return network

    def _try(self, shape: tuple[int, int]) -> None:
        cv2 = load_opencv_4()
        try:
            self._run(np.zeros((1, 3, *shape), np.float32))
        except cv2.error as error:
            raise SettingError(
                f"detector.cfg: {self.cfg} cannot take pictures of {shape[1]} x {shape[0]} ({_words(error)})"
            ) from None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "network": None}  # OpenCV's networks do not travel between processes

    def _run(self, blob: np.ndarray) -> Tensor:
        """Run the network: rows (B, n, 5 + K) of middle, size, objectness, and objectness times class."""
        self.network = self.network or self._read()
        self.network.setInput(blob)
        outputs = self.network.forward(self.network.getUnconnectedOutLayersNames())
        rows = [output.reshape(len(blob), -1, output.shape[-1]) for output in outputs]
        return torch.from_numpy(np.concatenate(rows, 1))

    def forward(self, batch: Batch) -> Detections:
        assert isinstance(batch.detector_view, Tensor)
        rows = self._run(batch.detector_view.float().div(255).cpu().numpy())
        image, row, object = (rows[..., 5:] > self.score).nonzero(as_tuple=True)
        middle, half = rows[image, row, :2], rows[image, row, 2:4] / 2
        boxes = torch.cat([middle - half, middle + half], -1)
        score = rows[image, row, 5 + object]
        regions = pack_regions(boxes, object, score, image, batch.detector_window.cpu(), self.iou)
        return regions.to(batch.detector_window.device)


def _given(name: str, file: str | None) -> str:
    if file is None:
        raise SettingError(
            "detector=darknet needs three files: detector.cfg=FILE.cfg detector.weights=FILE.weights "
            f"detector.names=FILE.names; detector.{name} is missing"
        )
    path = Path(file).expanduser()
    if not path.is_file():
        raise SettingError(f"detector.{name}: there is no file {path}")
    return str(path)


def _words(error: Exception) -> str:
    """Return OpenCV's reason without its own source line."""
    return str(error).strip().splitlines()[0].split("error: ")[-1][:160]
