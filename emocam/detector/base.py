"""The base of detectors: they find regions in the frame of the original image, before any threshold."""

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.base import View, Views
from emocam.view.crops import NoView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Detector(nn.Module):
    """The base of a detector: it sets `objects`, the names of its classes, and `view`, and returns regions.

    Boxes lie in [0, 1]. `score` is the lowest score kept as a candidate, `iou` the overlap above which of
    two boxes of one class the weaker is dropped. `identity` says in words what, apart from the pictures,
    decides the regions; detections are cached under it, and not at all without it. `digest` names what is
    seen of one image, for a detector that asks.
    """

    view: View | Views = NoView()
    identity: str | None = None
    advice: str = ""
    """What a person should be told beforehand where its pictures take long."""
    digest: "Callable[[Any, Tensor], bytes] | None" = None

    def __init__(self, score: float = 0.005, iou: float = 0.005) -> None:
        super().__init__()
        for name, value in (("score", score), ("iou", iou)):
            if not 0 <= value <= 1:
                raise SettingError(f"detector.{name} must be in [0, 1], got {value:g}")
        self.score = score
        self.iou = iou
        self.objects: list[str] = []  # some learn them from the data

    def set_annotated_objects(self, objects: "Sequence[str]") -> None:
        """Take the object classes annotated in the data set; most detectors have their own."""

    def allow_fast(self) -> None:
        """Let its networks be computed by faster ways that agree with them to 1e-5."""

    def forbid_fast(self) -> None:
        """Take an identity apart from that of a detector that may be fast, where its networks can be."""

    def to_bf16(self) -> None:
        """Switch to bfloat16 and another identity, where the detector supports it."""

    def finish(self) -> None:
        """Write what is still to be written, after the last batch."""

    def forward(self, batch: Batch) -> Detections:
        """Return the regions of all images of the batch, in one packed list."""
        raise NotImplementedError
