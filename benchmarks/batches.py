"""A study as a run of EmoCAM goes: a batch at a time, every picture opened and passed once."""

import copy
from pathlib import Path

import networks
import numpy as np

from emocam.cam.ablation import AblationCAM
from emocam.cam.base import CAM
from emocam.cam.gradcam import GradCAM
from emocam.cam.lift import LIFTCAM
from emocam.cam.lime import LIMECAM
from emocam.cam.lrp import LRP
from emocam.data.folder import Folder
from emocam.data.samples import Samples, collate
from emocam.importance.mean import Mean
from emocam.intervention.paste import Reclassify, Variants, stack_pictures
from emocam.paste.grid import Grid
from emocam.predict.explain import Explain
from emocam.records.evidence import Evidence
from emocam.records.picture import Batch
from emocam.results.tables import evidence_tables

PAPER: dict[str, type[CAM]] = {
    "gradcam": GradCAM,
    "ablation": AblationCAM,
    "lime": LIMECAM,
    "lrp": LRP,
    "lift": LIFTCAM,
}


class Ours:
    """A batch at a time, as a run goes."""

    def __init__(
        self, folder: Path, size: int, methods: list[str], images: int, precision: str = "32"
    ) -> None:
        self.data = Folder(root=str(folder))
        self.data.prepare()
        self.listing, self.images = self.data.listing()[:images], images
        self.net, self.detector = networks.emonet(), networks.detector(size)
        if precision == "bf16":  # as `precision=bf16` makes them
            self.net, self.detector = copy.deepcopy((self.net, self.detector))
            self.net.bf16 = True
            self.detector.to_bf16()
        self.step = Explain(self.net, self.detector, [PAPER[m]() for m in methods], Mean())
        places = np.arange(images)
        self.samples = Samples(self.data, self.listing, places, self.net.view, self.detector.view)
        self.variants = Variants(self.data, self.listing, places, self.net.view, Grid(), {})
        self.again = Reclassify(self.net, None)

    def open(self) -> Batch:
        return collate([self.samples[i] for i in range(self.images)])

    def explain(self) -> list[Evidence]:
        found = self.step.predict_step(self.open())
        for evidence in found:
            evidence_tables(evidence, self.net.labels, self.detector.objects)
        return found

    def paste(self) -> list[list[int]]:
        return [
            self.again.predict_step(stack_pictures([self.variants[i]])).logits[1:].argmax(1).tolist()
            for i in range(self.images)
        ]

    def both(self) -> None:
        self.explain()
        self.paste()
