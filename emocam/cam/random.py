"""A control: random channel weights."""

import numpy as np
import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score


class RandomWeights(CAM):
    """Weights from a standard normal, drawn for each image from `seed` and the image's name."""

    def __init__(self, score: Score = "logit", target: str = "predicted", seed: int = 0) -> None:
        super().__init__(score, target)
        self.seed = seed

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        channels = forward.activation.shape[1]
        # torch's generator on the CPU would read only the low 32 bits of a combined seed
        drawn = [
            np.random.default_rng([self.seed, image]).standard_normal(channels) for image in forward.seeds
        ]
        weights = torch.from_numpy(np.stack(drawn)).to(forward.activation.dtype)
        return weights.to(forward.activation.device, non_blocking=True)
