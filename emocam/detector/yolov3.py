"""YOLOv3 as the paper used it: lightnet's network, darknet's weights, the 601 classes of Open Images.

YOLOv3, Redmon and Farhadi 2018, https://arxiv.org/abs/1804.02767; lightnet,
https://gitlab.com/eavise/lightnet.
"""

import logging
import warnings
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emocam.detector.base import Detector
from emocam.detector.darknet_file import check_size, count_floats
from emocam.detector.identity import identify
from emocam.detector.postprocess import pack_regions
from emocam.errors import SettingError, nearest
from emocam.functional.box.yolo import CLASSES, candidates
from emocam.functional.box.yolo_dense import dense_candidates
from emocam.network.fast_convolution import faster
from emocam.network.labels_file import read_labels
from emocam.network.precision import cast_network
from emocam.network.weights import SUFFIXES, cached, file_sha256, fit, read_weights
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.settings.read_files import noted
from emocam.view.crops import Letterbox

NAMES = resources.files("emocam.detector") / "openimages.names"
FLOATS_PER_CLASS = 3 * (1024 + 512 + 256 + 3)
"""Three anchors at each of three scales, a filter and a bias for each."""


class YOLOv3(Detector):
    """A YOLOv3; `weights` is darknet's file or lightnet's state dict, `names` has a class on each line.

    `classes` is `sigmoid`, darknet's reading, or `softmax`, lightnet's. The view is a letterbox of
    `size` x `size` pixels.
    """

    def __init__(
        self,
        weights: str | None = None,
        names: str | None = None,
        size: int = 608,
        score: float = 0.005,
        iou: float = 0.005,
        classes: str = "sigmoid",
    ) -> None:
        super().__init__(score, iou)
        if classes not in CLASSES:
            raise SettingError(f"detector.classes {classes!r} is unknown; {nearest(classes, CLASSES)}")
        if size < 32 or size % 32:
            raise SettingError(f"detector.size must be a multiple of 32, got {size}")
        self.objects = read_labels(str(names or NAMES), "detector.names")
        self.view = Letterbox((size, size))
        self.classes = classes
        path = _find(weights)
        network = _network(len(self.objects))
        _load(network, path, len(self.objects))
        network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        # of what these would answer little is ever read
        self.last = nn.ModuleList(head[-1] for head in network.head.values())
        for head in network.head.values():
            head[-1] = nn.Identity()
        self.network = faster(network)
        scales = zip(network.anchors.split_scales(), network.stride, strict=True)
        self.anchors = [scale.as_output(stride) for scale, stride in scales]
        settings = {"size": size, "score": score, "iou": iou, "classes": classes}
        self.identity = identify("yolov3", self.objects, weights=file_sha256(path), **settings)

    def to_bf16(self) -> None:
        cast_network(self.network)
        cast_network(self.last)
        self.identity = f"{self.identity}, bf16"

    def forward(self, batch: Batch) -> Detections:
        assert isinstance(batch.detector_view, Tensor)
        x = (batch.detector_view.float() / 255).contiguous(memory_format=torch.channels_last)
        # a processor's cache does not hold the maps of many pictures
        piece = torch.get_num_threads() if x.device.type == "cpu" else len(x)
        scales = [torch.cat(scale) for scale in zip(*map(self.network, x.split(piece)), strict=True)]
        layers = [last for last in self.last if isinstance(last, nn.Conv2d)]
        given = list(zip(scales, layers, self.anchors, strict=True))
        if x.device.type == "cpu":
            regions = [candidates(*scale, self.score, self.classes) for scale in given]
            boxes, object, score, image = (torch.cat(parts) for parts in zip(*regions, strict=True))
        else:
            boxes, object, score, image = dense_candidates(given, self.score, self.classes)
        return pack_regions(boxes, object, score, image, batch.detector_window, self.iou)


def _find(weights: str | None) -> Path:
    path = Path(weights).expanduser() if weights else cached("yolov3-openimages.weights")
    if not path.is_file():
        raise SettingError(
            f"detector.weights: there is no file {path}; YOLOv3 needs weights trained on Open Images: take "
            "https://pjreddie.com/media/files/yolov3-openimages.weights (`emocam fetch yolov3-openimages` "
            f"does), put it at {cached('yolov3-openimages.weights')}, or name it with detector.weights=FILE"
        )
    return path


def _network(classes: int) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of optional packages that lightnet would like to see
            from lightnet.models import YoloV3
    except ImportError as error:
        raise SettingError(
            f"detector=yolov3 needs lightnet and brambox ({error}); "
            "pip install 'emocam[lightnet]', on Python 3.11 or 3.12"
        ) from None
    return YoloV3(classes)


def _load(network: Any, path: Path, classes: int) -> None:
    if path.suffix in SUFFIXES:
        fit(network, read_weights(path, "detector.weights"), path, "detector.weights")
        return
    expected = sum(value.numel() for value in network.state_dict().values() if value.is_floating_point())
    more, rest = divmod(count_floats(path) - expected, FLOATS_PER_CLASS)
    if more and not rest and classes + more > 0:
        raise SettingError(
            f"detector.weights: {path} knows {classes + more} classes, but detector.names lists {classes}; "
            "give detector.names=FILE with the names it was trained on, one a line"
        )
    check_size(path, expected, "detector.weights")
    logging.getLogger("lightnet").setLevel(logging.ERROR)  # it warns of every file of darknet's
    network.load(str(noted(path)))
