"""How coordinates of eye movements lie on the picture, and how far a look reaches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emocam.errors import SettingError

SIGMA = 0.042
"""Of the picture's width: a degree where the picture is 23.75 degrees wide."""


@dataclass(frozen=True)
class GazeSettings:
    """`frame` is x0, y0, x1, y1 of the picture on the screen; `degrees` how wide it was seen, or `sigma` a share.

    A frame of a film stands for `seconds` around it.
    """

    degrees: float | None = None
    sigma: float | None = None
    frame: Sequence[float] | None = None
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.degrees is not None and self.sigma is not None:
            raise SettingError(
                "gaze.degrees and gaze.sigma both say how far a look reaches; give one of them"
            )
        for name in ("degrees", "sigma", "seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise SettingError(f"gaze.{name} must be above 0, got {value:g}")
        if self.frame is not None and not is_frame(self.frame):
            raise SettingError(
                f"gaze.frame must be [x0, y0, x1, y1] of the picture on the screen, with x0 < x1 and y0 < y1, got "
                f"{list(self.frame)}"
            )

    def reach(self, aspect: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Gaussians' widths (n, 2) as shares of the picture's sides, whose ratio is `aspect` (n,)."""
        across = 1 / self.degrees if self.degrees else self.sigma or SIGMA
        return np.stack([np.full(len(aspect), across), across * aspect], 1)


def is_frame(frame: Sequence[float]) -> bool:
    """Return whether four numbers are the corners of an area."""
    return len(frame) == 4 and frame[0] < frame[2] and frame[1] < frame[3]
