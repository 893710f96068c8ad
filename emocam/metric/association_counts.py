"""What an association matrix says."""

from torch import Tensor

from emocam.functional.statistics.association import percent_of_label


class AssociationCounts:
    """Images that count, and images with the object whatever its importance, `counts` and `present` (O, L).

    `images` (L,) are those with the label, and `percent` (O, L) is `counts` in percent of them.

    It is no tuple or dataclass: torchmetrics would squeeze a matrix of one cell inside of them.
    """

    def __init__(self, counts: Tensor, present: Tensor, images: Tensor) -> None:
        self.counts = counts
        self.present = present
        self.images = images
        self.percent = percent_of_label(counts, images)
