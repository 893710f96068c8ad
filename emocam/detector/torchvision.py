"""Torchvision's detectors by name: boxes, and masks from Mask R-CNN.

Mask R-CNN, He et al. 2017, https://arxiv.org/abs/1703.06870.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor
from torchvision import models
from torchvision.models import detection

from emocam.detector.base import Detector
from emocam.detector.identity import identify
from emocam.detector.torchvision_parts import narrow, quicken
from emocam.errors import SettingError, nearest
from emocam.network.labels_file import read_labels
from emocam.network.weights import file_sha256, fingerprint, fit, is_file, read_weights
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.crops import Unchanged

WITHOUT_EPSILON = [
    *(f"{kind}rcnn_resnet50_fpn" for kind in ("faster", "mask", "keypoint")),
    "retinanet_resnet50_fpn",
]
"""Models whose first published weights were trained without an epsilon in the normalisation."""


LIGHTEST = "ssdlite320_mobilenet_v3_large"
LIGHTER = f"detector.model={LIGHTEST} takes an eightieth of Faster R-CNN's time on a processor and misses what is small"


class TorchvisionDetector(Detector):
    """A detector of torchvision's, `model` by name; it sees whole pictures and resizes them by itself.

    `weights` is a file, `random` (drawn from `seed`), one of torchvision's own names, or the library's
    default. `names` lists a file's classes, without the background. A mask is where the head's
    probability is above one half.
    """

    position: Tensor

    def __init__(
        self,
        model: str = "fasterrcnn_resnet50_fpn_v2",
        weights: str | None = None,
        names: str | None = None,
        score: float = 0.005,
        iou: float = 0.005,
        seed: int = 0,
    ) -> None:
        super().__init__(score, iou)
        known = models.list_models(module=detection)
        if model not in known:
            raise SettingError(f"detector.model {model!r} is not in torchvision; {nearest(model, known)}")
        entry = _entry(model, weights)
        categories = _categories(entry, names, weights)
        self.view = Unchanged()
        self.model, self.fast, self.quickened = model, False, False
        self.advice = "" if model == LIGHTEST else LIGHTER
        self.objects = [name for name in categories[1:] if name != "N/A"]
        place = {name: i for i, name in enumerate(self.objects)}
        # the first is the background, whatever it is called
        positions = [-1, *(place.get(name, -1) for name in categories[1:])]
        self.register_buffer("position", torch.tensor(positions), persistent=False)
        network = _network(model, weights, entry, len(categories), seed)
        boxes = getattr(network, "roi_heads", network)
        boxes.score_thresh, boxes.nms_thresh = score, iou
        network.transform.postprocess = _relative
        self.network = network.eval().requires_grad_(False)
        made_of = (
            file_sha256(weights)
            if weights and is_file(weights)
            else seed
            if weights == "random"
            else entry.url
        )
        # what a library keeps under an address may be another file by now
        tensors = fingerprint(self.network)
        settings = {"score": score, "iou": iou, "torchvision": torchvision.__version__, "tensors": tensors}
        self.identity = identify(model, self.objects, weights=made_of, **settings)

    def allow_fast(self) -> None:
        self.fast = True

    def forbid_fast(self) -> None:
        # what faster copies found and remember is not what was asked for
        self.identity = f"{self.identity}, as written"

    def to_bf16(self) -> None:
        narrow(self.network)
        self.quickened = True  # what is in bfloat16 has its kernels
        self.identity = f"{self.identity}, bf16"

    def forward(self, batch: Batch) -> Detections:
        views = list(batch.detector_view)
        if self.fast and not self.quickened and views and views[0].device.type == "cpu":
            self.quickened = True
            quicken(self.network)
        answers: list[dict[str, Tensor]] = [{}] * len(views)
        for places in self._alike(views):
            results = self.network([views[i].float() / 255 for i in places])
            for i, answer in zip(places, results, strict=True):
                answers[i] = answer
        counts = torch.tensor([len(answer["scores"]) for answer in answers])
        image = torch.repeat_interleave(torch.arange(len(answers)), counts)
        image = image.to(self.position.device, non_blocking=True)
        together = {key: torch.cat([answer[key] for answer in answers]) for key in answers[0]}
        object = self.position[together["labels"]]
        boxes = together["boxes"].float().clamp(0, 1)
        keep = (object >= 0) & (boxes[:, 2:] > boxes[:, :2]).all(-1)
        rows = keep.nonzero()[:, 0]
        masks = (together["masks"][rows, 0] > 0.5).float() if "masks" in together else None
        return Detections(boxes[rows], object[rows], together["scores"][rows].float(), image[rows], masks)

    def _alike(self, views: Sequence[Tensor]) -> Iterator[list[int]]:
        """Yield places of views that may share a batch: padding beside a larger one changes an answer."""
        groups: dict[torch.Size | None, list[int]] = {}
        for i, view in enumerate(views):
            groups.setdefault(None if self.network.transform.fixed_size else view.shape, []).append(i)
        for places in groups.values():
            # of large pictures a processor's cache holds the maps of one
            alone = self.fast and views[0].device.type == "cpu" and not self.network.transform.fixed_size
            step = torch.get_num_threads() if alone else len(places)
            yield from (places[start : start + step] for start in range(0, len(places), step))


def _relative(
    result: list[dict[str, Tensor]], shapes: list[tuple[int, int]], *_: object
) -> list[dict[str, Tensor]]:
    """Replace boxes in torchvision's pixels by boxes in [0, 1]; masks stay in the frames of their boxes."""
    for answer, (height, width) in zip(result, shapes, strict=True):
        size = torch.tensor([width, height, width, height], dtype=answer["boxes"].dtype)
        answer["boxes"] = answer["boxes"] / size.to(answer["boxes"].device, non_blocking=True)
    return result


def _entry(model: str, weights: str | None) -> Any:
    """Return torchvision's record of a set of weights, with its address and its names."""
    library = models.get_model_weights(model)
    if weights is None or weights == "random":
        return library.DEFAULT
    if is_file(weights):
        start = file_sha256(weights)[:8] if Path(weights).expanduser().is_file() else "no file"
        return next((entry for entry in library if start in entry.url), library.DEFAULT)
    entries = [entry.name for entry in library]
    if weights not in entries:
        choices = ["random", "a file (.pth, .safetensors)", *entries]
        raise SettingError(f"detector.weights {weights!r} is not of {model}; {nearest(weights, choices)}")
    return library[weights]


def _categories(entry: Any, names: str | None, weights: str | None) -> list[str]:
    if names is None:
        return list(entry.meta["categories"])
    if weights is None or not (weights == "random" or is_file(weights)):
        raise SettingError(
            f"detector.names goes with weights of your own, and {entry} has names; give detector.weights=FILE too"
        )
    return ["__background__", *read_labels(names, "detector.names")]


def _network(model: str, weights: str | None, entry: Any, classes: int, seed: int) -> Any:
    if weights is None or not (weights == "random" or is_file(weights)):
        try:
            return models.get_model(model, weights=entry)
        except OSError as error:
            raise SettingError(
                f"detector.weights: {entry} could not be fetched ({error}); give a file with "
                "detector.weights=FILE.pth, or try the way with detector.weights=random"
            ) from None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = models.get_model(model, weights=None, weights_backbone=None, num_classes=classes)
    if weights != "random":
        state = read_weights(weights, "detector.weights")
        # frozen normalisations, which published weights have, count no batches
        counts = {
            key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")
        }
        fit(network, {**counts, **state}, weights, "detector.weights")
        if model in WITHOUT_EPSILON and entry.name == "COCO_V1" and file_sha256(weights)[:8] in entry.url:
            for module in network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eps = 0.0
    return network
