"""The view of a picture, and what it becomes when some of the picture's pixels change.

A pixel of a resized picture is a weighted sum over a window of the picture, so that only those whose
windows meet the change can differ. They are computed again from a crop that holds all their windows, with
Pillow's `box`, so that weights and passes are those of the whole picture. An object resized by itself and
laid into the view would not be equal: at its border a pixel sums both. Pillow reads a box in single
precision, so that one value of ten thousand comes out a grey level apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from emocam.paste.changed_views import Rectangle
from emocam.paste.patch import Patch, patched
from emocam.view.base import Framed, View
from emocam.view.fast_resize import Quick
from emocam.view.frame import Frame, passes, to_tensor

SUPPORT = {Resampling.BILINEAR: 1, Resampling.BICUBIC: 2, Resampling.LANCZOS: 3}
"""How far a filter reaches, in pixels of the smaller picture."""


@dataclass(frozen=True)
class Span:
    """Resized pixels `first` to `last` along one axis and the picture's `start` to `stop`, ends outside.

    `low` and `high` are where the resized pixels lie in the crop from `start` to `stop`.
    """

    first: int
    last: int
    start: int
    stop: int
    low: float
    high: float


def touched(
    change: tuple[int, int], length: int, inner: int, shown: tuple[int, int], support: int
) -> Span | None:
    """Return the span of `inner` pixels, made of `length`, that are `shown` and that a change can touch."""
    scale = length / inner
    radius = support * max(scale, 1)
    begin, end = max(change[0], 0), min(change[1], length)
    first = max(floor((begin - radius) / scale - 0.5), shown[0], 0)
    last = min(ceil((end + radius) / scale + 0.5), shown[1], inner)
    if begin >= end or first >= last:
        return None
    start = max(0, floor((first + 0.5) * scale - radius) - 1)
    stop = min(length, ceil((last - 0.5) * scale + radius) + 1)
    low, high = max(0.0, first * scale - start), min(last * scale - start, stop - start)
    return Span(first, last, start, stop, low, high)


@dataclass(frozen=True)
class PatchedView:
    """A picture, and the view of it (3, h, w) with its window (4,)."""

    image: Image.Image
    view: View
    shown: Tensor
    window: Tensor

    @classmethod
    def by(cls, view: View, image: Image.Image) -> "PatchedView":
        """Return a view of a picture, ready to be changed."""
        return cls(image, view, *view(image))

    def after(self, patches: Sequence[Patch]) -> tuple[Tensor, Tensor]:
        """Return the view of the patched picture, and its window."""
        frame = self._frame()
        if frame is None:
            return self.view(patched(self.image, patches))
        shown = self.shown.clone()
        for patch in patches:
            self._renew(shown, frame, patch, patches)
        return shown, self.window

    def rectangles(self, patches: Sequence[Patch]) -> list[Rectangle] | None:
        """Return where the view of the patched picture may differ; None for a view that may differ anywhere."""
        frame = self._frame()
        if frame is None:
            return None
        spans = [found for patch in patches if (found := self._spans(frame, patch))]
        left, top = frame.part[:2]
        return [(y.first - top, x.first - left, y.last - top, x.last - left) for x, y in spans]

    def _frame(self) -> Frame | None:
        """Return the frame of a view whose pixels are known sums of the picture's."""
        framed = self.view.view if isinstance(self.view, Quick) else self.view
        frame = framed.frame(*self.image.size) if isinstance(framed, Framed) else None
        return frame if frame is not None and frame.filter in SUPPORT else None

    def _spans(self, frame: Frame, patch: Patch) -> tuple[Span, Span] | None:
        """Return what one patch touches, across and down."""
        x, y = (
            touched(
                (patch.box[axis], patch.box[axis + 2]),
                self.image.size[axis],
                frame.inner[axis],
                (frame.part[axis], frame.part[axis + 2]),
                SUPPORT[frame.filter],
            )
            for axis in (0, 1)
        )
        return None if x is None or y is None else (x, y)

    def _renew(self, shown: Tensor, frame: Frame, patch: Patch, patches: Sequence[Patch]) -> None:
        """Compute again what one patch touches, with all patches in place."""
        spans = self._spans(frame, patch)
        if spans is None:
            return
        x, y = spans
        crop = self.image.crop((x.start, y.start, x.stop, y.stop))
        crop = patched(crop, patches, (x.start, y.start))
        left, top = x.first - frame.part[0], y.first - frame.part[1]
        new = to_tensor(_resized(crop, x, y, passes(self.image.size, frame.inner)[0], frame))
        shown[:, top : top + new.shape[1], left : left + new.shape[2]] = new


def _resized(crop: Image.Image, x: Span, y: Span, half: tuple[int, int], frame: Frame) -> Image.Image:
    """Resize a crop to the spans' pixels; `half` is the whole picture's size between its passes."""
    wide, tall = x.last - x.first, y.last - y.first
    if half[0] == frame.inner[0]:
        crop = crop.resize((wide, crop.height), frame.filter, (x.low, 0, x.high, crop.height))
        return crop.resize((wide, tall), frame.filter, (0, y.low, wide, y.high))
    crop = crop.resize((crop.width, tall), frame.filter, (0, y.low, crop.width, y.high))
    return crop.resize((wide, tall), frame.filter, (x.low, 0, x.high, tall))
