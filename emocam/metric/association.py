"""The association matrix: in how many images of each label an object class counts."""

import torch
from torch import Tensor
from torchmetrics import Metric

from emocam.functional.statistics.association import count_images
from emocam.metric.association_counts import AssociationCounts
from emocam.records.thresholds import Thresholds


class AssociationMatrix(Metric):
    """The counts, summed over batches and processes; no threshold was applied to what it is given."""

    full_state_update = False
    counts: Tensor
    present: Tensor
    images: Tensor

    def __init__(self, objects: int, labels: int, thresholds: Thresholds, explained: bool = True) -> None:
        super().__init__()
        self.thresholds = thresholds
        self.explained = explained
        for name, shape in (
            ("counts", (objects, labels)),
            ("present", (objects, labels)),
            ("images", (labels,)),
        ):
            self.add_state(name, torch.zeros(shape, dtype=torch.int64), dist_reduce_fx="sum")

    def update(
        self,
        label: Tensor,
        confidence: Tensor,
        object: Tensor,
        image: Tensor,
        score: Tensor,
        importance: Tensor,
        chance: Tensor | None = None,
    ) -> None:
        """Add images, with label and confidence (B,), and regions of them, with all other columns (N,)."""
        objects, labels = self.counts.shape
        sure = self.thresholds.confident(confidence)
        self.images += torch.bincount(label[sure], minlength=labels)
        present = self.thresholds.present(score, confidence[image])
        kept = self.thresholds.kept(score, confidence[image], importance, chance, self.explained)
        self.present += count_images(label, object[present], image[present], objects, labels)
        self.counts += count_images(label, object[kept], image[kept], objects, labels)

    def compute(self) -> AssociationCounts:
        return AssociationCounts(self.counts, self.present, self.images)
