"""The result of explaining pictures: maps, answers and small copies of the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from torch import Tensor

from emocam.api.inputs import PictureShown

if TYPE_CHECKING:
    from emocam.plot.association import Axes

MOST_SHOWN = 12
"""The most pictures shown below a notebook's cell."""
SHOWN_SIDE = 200


@dataclass(frozen=True)
class Explained:
    """Maps (B, h, w) in [0, 1], each over the window of its picture, and the model's logits (B, L).

    `label` and `confidence` are those predicted; the maps explain the label that `target` names.
    `shown` are small copies of the pictures; where it is not known which part of a picture the model
    saw, they are its input, stretched from black to white.
    """

    maps: Tensor
    logits: Tensor
    labels: list[str]
    layer: str
    method: str
    target: str
    shown: list[PictureShown]

    def __len__(self) -> int:
        return len(self.maps)

    def __repr__(self) -> str:
        size = " x ".join(str(side) for side in self.maps.shape[1:])
        return f"Explained({len(self)} pictures by {self.method} at {self.layer}, maps of {size})"

    @property
    def label(self) -> list[str]:
        """The predicted labels, (B,)."""
        return [self.labels[place] for place in self.logits.argmax(-1).tolist()]

    @property
    def confidence(self) -> Tensor:
        """The probability of the predicted label, (B,)."""
        return self.logits.softmax(-1).amax(-1)

    @property
    def titles(self) -> list[str]:
        """The text above each picture."""
        aim = "" if self.target == "predicted" else f"\nthe map is of {self.target}"
        pairs = zip(self.label, self.confidence.tolist(), strict=True)
        return [f"{label} {confidence:.2f}{aim}" for label, confidence in pairs]

    def plot(self, columns: int = 4, axes: "Sequence[Axes] | None" = None) -> "list[Axes]":
        """Plot each picture with its map over it, on a new figure of pyplot's unless axes are given."""
        from emocam.plot.explained import explained, side_by_side

        drawn = side_by_side(len(self), columns) if axes is None else list(axes)
        return [explained(*part, ax) for part, ax in zip(self._drawn, drawn, strict=False)]

    def _repr_html_(self) -> str:
        from emocam.plot.overlay import blended
        from emocam.results.notebook_html import in_rows, picture

        shown = [
            picture(blended(image, map, window, SHOWN_SIDE), title)
            for image, map, window, title in self._drawn[:MOST_SHOWN]
        ]
        more = len(self) - len(shown)
        return in_rows(shown, f"and {more} more; .plot() draws all" if more else "")

    @property
    def _drawn(self) -> list[tuple[Image.Image, np.ndarray, list[float], str]]:
        """The picture, map, window and title of each."""
        rows = zip(self.shown, self.maps, self.titles, strict=True)
        return [(one.picture, map.numpy(), one.window.tolist(), title) for one, map, title in rows]
