"""Detectors of the transformers library: DETR, RT-DETR and their kin, and those that look for any words.

OWLv2 (https://arxiv.org/abs/2306.09683) and Grounding DINO (https://arxiv.org/abs/2303.05499) are asked for `texts`:
what a matrix cannot see is then what nobody asked for, not what a list of 80 classes leaves out.
"""

import json
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from emocam.detector.base import Detector
from emocam.detector.identity import identify
from emocam.detector.postprocess import pack_regions
from emocam.errors import SettingError
from emocam.network.weights import fingerprint
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.crops import Unchanged

OWL = ("owlv2", "owlvit")
GROUNDED = ("grounding-dino", "mm-grounding-dino")
NOTHING = "N/A"
"""What COCO's list has where it has no class."""


class TransformersDetector(Detector):
    """The detector `model`, a folder as `save_pretrained` leaves it or a name on the Hub, with its own preprocessing.

    `texts` are the objects that an open vocabulary is asked for, a word or a few each. Code that comes with a
    model is not run.
    """

    def __init__(
        self,
        model: str | None = None,
        texts: Sequence[str] | None = None,
        score: float = 0.3,
        iou: float = 0.7,
    ) -> None:
        super().__init__(score, iou)
        if model is None:
            raise SettingError(
                "detector.model is not set; detector=transformers needs the name of a model on the Hub, such as "
                "PekingU/rtdetr_r50vd, or a folder with one"
            )
        self.network, self.processor, version = _loaded(model)
        self.kind: str = self.network.config.model_type
        self.view = Unchanged()
        self.texts = _checked_texts(texts, model, self.kind in (*OWL, *GROUNDED))
        names = self.texts or [str(name) for _, name in sorted(self.network.config.id2label.items())]
        self.objects = [name for name in dict.fromkeys(names) if name != NOTHING]
        places = {name: place for place, name in enumerate(self.objects)}
        self.place = torch.tensor([places.get(name, -1) for name in names])
        # what a name on the Hub stands for may be other weights by now
        settings = {"tensors": fingerprint(self.network), "texts": self.texts, "score": score, "iou": iou}
        self.reader = getattr(self.processor, "image_processor", self.processor)
        kept = self.network.config.to_dict() | {"_name_or_path": None}  # wherever it came from
        config = json.dumps([kept, self.reader.to_dict()], sort_keys=True, default=str)
        self.identity = identify("transformers", [*self.objects, config], version=version, **settings)

    def forward(self, batch: Batch) -> Detections:
        views: list[Tensor] = list(batch.detector_view)  # type: ignore[arg-type]
        found = [self._look(view) for view in views]
        boxes, object, score = (torch.cat(parts) for parts in zip(*found, strict=True))
        image = torch.repeat_interleave(torch.tensor([len(one[0]) for one in found]))
        whole = torch.tensor([WHOLE] * len(found))
        regions = pack_regions(boxes, object, score, image, whole, self.iou)
        return regions.to(batch.detector_window.device)

    def _look(self, view: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes (N, 4) in [0, 1], objects and scores (N,) of one picture (3, h, w)."""
        sized = view if min(view.shape[1:]) > 1 else view.expand(-1, *(max(2, n) for n in view.shape[1:]))
        device = next(self.network.parameters()).device
        inputs = self._inputs(sized.cpu()).to(device)
        outputs = self.network(**inputs)
        if self.kind in GROUNDED:
            return self._grounded(outputs, inputs["input_ids"][0])
        height, width = sized.shape[1:]
        (answer,) = self.reader.post_process_object_detection(outputs, self.score, [(height, width)])
        boxes = answer["boxes"].cpu() / torch.tensor([width, height, width, height])
        object = self.place[answer["labels"].cpu()]
        kept = object >= 0
        return boxes[kept], object[kept], answer["scores"].cpu().float()[kept]

    def _inputs(self, view: Tensor) -> Any:
        if not self.texts:
            return self.processor(images=view, return_tensors="pt")
        words = [self.texts] if self.kind in OWL else [f"{'. '.join(self.texts).lower()}."]
        return self.processor(images=view, text=words, return_tensors="pt")

    def _grounded(self, outputs: Any, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what is found of each text: its score is that of its likeliest token."""
        odds = outputs.logits[0].sigmoid().cpu().float()
        text = text_of_tokens(
            tokens.cpu(), self.processor.tokenizer.convert_tokens_to_ids("."), len(self.texts)
        )
        scores = torch.stack(
            [odds[:, : len(text)][:, text == number].amax(-1) for number in range(len(self.texts))], -1
        )
        best, object = scores.max(-1)
        rows = (best > self.score).nonzero()[:, 0]
        middle, half = outputs.pred_boxes[0].cpu().float().split(2, -1)
        boxes = torch.cat([middle - half / 2, middle + half / 2], -1)
        return boxes[rows], object[rows], best[rows]


def text_of_tokens(tokens: Tensor, stop: int, texts: int) -> Tensor:
    """Return the number of the text that each token (T,) is of, between a first mark and stops; -1 for the others."""
    after = (tokens == stop).long().cumsum(0)
    outside = (tokens == stop) | (after >= texts)
    outside[0] = True  # the mark at which a sentence begins
    return torch.where(outside, -1, after)


def _checked_texts(texts: Sequence[str] | None, model: str, open_vocabulary: bool) -> list[str]:
    """Return the texts, which an open vocabulary needs and no other takes."""
    if not open_vocabulary:
        if texts:
            raise SettingError(f"detector.texts: {model} has classes of its own; leave the texts out")
        return []
    if not texts or isinstance(texts, str):
        raise SettingError(
            f"detector.texts must list what {model} looks for, as in detector.texts=[hat,boat], got {texts}"
        )
    words = [" ".join(str(text).split()) for text in texts]
    if odd := next((word for word in words if not word or "." in word), None):
        raise SettingError(f"detector.texts must be words without a full stop, got {odd!r}")
    if twice := next((word for place, word in enumerate(words) if word in words[:place]), None):
        raise SettingError(f"detector.texts must differ, but {twice!r} stands twice")
    return words


def _loaded(model: str) -> tuple[Any, Any, str]:
    """Load a network and what prepares its pictures, and return them with the library's version."""
    try:
        import transformers
    except ImportError:
        raise SettingError(
            "detector=transformers needs the library; install it with: pip install 'emocam[transformers]'"
        ) from None
    auto: Any = transformers
    try:
        kind = auto.AutoConfig.from_pretrained(model, trust_remote_code=False).model_type
        grounded = kind in (*OWL, *GROUNDED)
        network = auto.AutoModelForZeroShotObjectDetection if grounded else auto.AutoModelForObjectDetection
        processor = auto.AutoProcessor if grounded else auto.AutoImageProcessor
        loaded = network.from_pretrained(model, trust_remote_code=False).eval().requires_grad_(False)
        return loaded, processor.from_pretrained(model, trust_remote_code=False), transformers.__version__
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SettingError(
            f"detector.model: {model} cannot be loaded as a detector ({reason}); give a model of the Hub, or a folder "
            "as save_pretrained leaves it"
        ) from None
