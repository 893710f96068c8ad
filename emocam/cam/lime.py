"""LIME, Ribeiro et al. 2016, https://arxiv.org/abs/1602.04938, on the channels of the explained layer."""

from typing import Literal

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.coalitions import Coalitions
from emocam.errors import SettingError
from emocam.functional.statistics.regression import lasso, ridge

PENALTY = {"ridge": 1.0, "lasso": 0.01}


class LIMECAM(CAM):
    """A channel weighs its coefficient in a linear model of the score of random coalitions.

    Each channel is there with probability one half; `samples` coalitions, null for as many as there
    are channels, are drawn once and shown to all images. They lie about equally far from the whole, so
    that they count alike. `penalty` is that of scikit-learn's Ridge and Lasso; null is 1 for `ridge`
    and .01 for `lasso`. That of the lasso is absolute: it silences small scores, probabilities above
    all.
    """

    def __init__(
        self,
        score: Score = "logit",
        target: str = "predicted",
        samples: int | None = 256,
        solver: Literal["ridge", "lasso"] = "ridge",
        penalty: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(score, target)
        if solver not in PENALTY:
            raise SettingError(f"cam.solver must be ridge or lasso, got {solver!r}")
        if samples is not None and samples < 2:
            raise SettingError(f"cam.samples must be at least 2 or null (one a channel), got {samples}")
        if penalty is not None and not penalty > 0:
            raise SettingError(f"cam.penalty must be above 0, got {penalty:g}")
        self.samples = samples
        self.seed = seed
        self.solve = ridge if solver == "ridge" else lasso
        self.penalty = PENALTY[solver] if penalty is None else penalty

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        present = self.coalitions(forward.activation.shape[1]).to(forward.activation.dtype)
        present = present.to(forward.activation.device, non_blocking=True)
        scores = Coalitions(forward).scores(present[None])
        return self.solve(present, scores, self.penalty).to(scores)

    def coalitions(self, channels: int) -> Tensor:
        """Draw which channels are present (S, C), as 1 or 0."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randint(0, 2, (self.samples or channels, channels), generator=generator).float()
