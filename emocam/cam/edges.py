"""A control: edges, which saliency maps may resemble regardless of what the network has learned.

Adebayo et al. 2018, https://arxiv.org/abs/1810.03292.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from emocam.cam.base import CAM, ForwardPass


class Edges(CAM):
    """The mean magnitude of the Sobel gradient of the grey input, in the explained layer's cells."""

    looks_inside = False

    def raw(self, forward: ForwardPass) -> Tensor:
        rows, columns = forward.activation.shape[-2:]
        grey = F.pad(forward.x.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).to(grey.device, non_blocking=True)
        slopes = F.conv2d(grey, torch.stack([across, across.T])[:, None])
        return F.adaptive_avg_pool2d(slopes.norm(dim=1), (rows, columns))
