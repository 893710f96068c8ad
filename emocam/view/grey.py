"""The whole picture in grey, for networks that were trained on grey faces."""

from dataclasses import dataclass
from typing import Literal

from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from emocam.view.crops import Stretch


@dataclass(frozen=True)
class GreyStretch:
    """The whole picture at (height, width), in one grey channel, or in three that are the same."""

    size: tuple[int, int]
    channels: Literal[1, 3] = 1
    filter: Resampling = Resampling.BILINEAR

    def __call__(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        view, window = Stretch(self.size, self.filter)(image.convert("L"))
        return view[: self.channels], window
