"""What the whole classifier says of changed inputs, in batches of bounded size."""

from collections.abc import Callable

import torch
from torch import Tensor

from emocam.cam.base import ForwardPass

HELD = {"cpu": 1 << 22}
"""Numbers of input in one batch: 27 pictures of 3 x 224 x 224 on a CPU."""
HELD_ELSEWHERE = 1 << 25


@torch.no_grad()
def scores_of_inputs(
    forward: ForwardPass, image: Tensor, change: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """Scores (M,); row m is image[m] of the pass as changed by `change(inputs, rows m of them)`."""
    held = HELD.get(forward.x.device.type, HELD_ELSEWHERE)
    step = max(1, held // forward.x[0].numel())
    rows = torch.arange(len(image), device=image.device)
    classifier = forward.quick(forward.classifier)
    scores = [
        forward.score(classifier(change(forward.x[i], row)), i)
        for i, row in zip(image.split(step), rows.split(step), strict=True)
    ]
    return torch.cat(scores)
