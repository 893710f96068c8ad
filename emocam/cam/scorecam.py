"""Score-CAM, Wang et al. 2020, https://arxiv.org/abs/1910.01279."""

import torch
from torch import Tensor
from torch.nn import functional as F

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.input_scores import scores_of_inputs
from emocam.errors import SettingError


class ScoreCAM(CAM):
    """A channel weighs by the score of the picture seen through it, in a softmax over channels.

    The picture is multiplied with the channel's map, stretched to [0, 1]; a channel that is the same
    everywhere shows nothing and weighs nothing. `channels` asks only those with the largest variance.
    The softmax cancels the paper's baseline; small logits give equal weights, large ones a single one.
    """

    def __init__(
        self, score: Score = "logit", target: str = "predicted", channels: int | None = None
    ) -> None:
        super().__init__(score, target)
        if channels is not None and channels < 1:
            raise SettingError(f"cam.channels must be at least 1 or null (all of them), got {channels}")
        self.channels = channels

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        activation = forward.activation.detach()
        size = forward.x.shape[-2:]
        asked = self.asked(activation)
        image, channel = places(asked, self.channels)

        def through(x: Tensor, rows: Tensor) -> Tensor:
            maps = activation[image[rows], channel[rows]][:, None]
            seen = F.interpolate(maps, size, mode="bilinear", align_corners=False)
            low, high = seen.amin((-2, -1), keepdim=True), seen.amax((-2, -1), keepdim=True)
            return x * (seen - low) / (high - low).clamp(min=torch.finfo(seen.dtype).tiny)

        scores = activation.new_full(activation.shape[:2], -torch.inf)
        if len(image):
            scores[image, channel] = scores_of_inputs(forward, image, through)
            scores = scores.where(asked, -torch.inf)
        return scores.softmax(-1).nan_to_num(0)  # where all channels are constant

    def asked(self, activation: Tensor) -> Tensor:
        """Mark the channels (B, C) to be asked."""
        varies = activation.amax((-2, -1)) > activation.amin((-2, -1))
        if self.channels is None or self.channels >= activation.shape[1]:
            return varies
        strongest = activation.var((-2, -1)).topk(self.channels, dim=-1).indices
        return varies & torch.zeros_like(varies).scatter(1, strongest, True)


def places(asked: Tensor, most: int | None) -> tuple[Tensor, Tensor]:
    """Return rows and columns of what is asked (B, C), of each row `most`.

    On an accelerator there are others among them, since to count would make the host wait for it.
    """
    if asked.device.type == "cpu":
        image, channel = asked.nonzero(as_tuple=True)
        return image, channel
    each = min(most or asked.shape[1], asked.shape[1])
    channel = asked.to(torch.uint8).topk(each, dim=-1).indices
    return torch.arange(len(asked), device=asked.device).repeat_interleave(each), channel.flatten()
