"""Further ways from a picture of any proportions to a network's input, rounded as timm rounds them.

Sizes are (height, width), and `resize` is that of the crop divided by timm's crop_pct.
"""

from dataclasses import dataclass

from PIL.Image import Resampling

from emocam.functional.frame import Frame, Size
from emocam.functional.views import Framed


@dataclass(frozen=True)
class Squash(Framed):
    """The whole image at `resize`, whatever its proportions, then the middle."""

    resize: Size
    crop: Size
    filter: Resampling = Resampling.BICUBIC

    def _frame(self, width: int, height: int) -> Frame:
        return Frame.middle(self.resize[::-1], self.crop, self.filter)


@dataclass(frozen=True)
class Cover(Framed):
    """Proportions kept, both sides at least `resize`, then the middle."""

    resize: Size
    crop: Size
    filter: Resampling = Resampling.BICUBIC

    def _frame(self, width: int, height: int) -> Frame:
        ratio = min(height / self.resize[0], width / self.resize[1])
        inner = max(1, round(width / ratio)), max(1, round(height / ratio))
        return Frame.middle(inner, self.crop, self.filter)


@dataclass(frozen=True)
class Border(Framed):
    """Proportions kept, both sides at most `resize`, then the middle, with `fill` around it."""

    resize: Size
    crop: Size
    fill: tuple[int, int, int]
    filter: Resampling = Resampling.BICUBIC

    def _frame(self, width: int, height: int) -> Frame:
        ratio = max(height / self.resize[0], width / self.resize[1])
        inner = max(1, round(width / ratio)), max(1, round(height / ratio))
        return Frame.middle(inner, self.crop, self.filter, self.fill)
