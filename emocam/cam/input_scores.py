"""The whole classifier's scores of changed inputs, in batches of bounded size."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache

import torch
from torch import Tensor

from emocam.cam.base import ForwardPass

HELD = {"cpu": 1 << 22}
"""Numbers of input in one batch: 27 pictures of 3 x 224 x 224 on a CPU."""
HELD_ELSEWHERE = 1 << 25
WORKING = 512
"""Bytes of activations for a number of input, and to spare: VGG-16 needs a third."""


PROGRESS: ContextVar[Callable[[int, int], None] | None] = ContextVar("progress", default=None)
"""Who is told how many of the changed inputs of a pass are scored, if anybody is."""

ScoreOf = Callable[[Tensor, Tensor], Tensor]
"""Scores (M,) of logits (M, L) of images (M,)."""


@cache
def held(device: torch.device) -> int:
    """Return the numbers of input in one batch on this device: as many as fit into what a GPU has left at first."""
    most = HELD.get(device.type, HELD_ELSEWHERE)
    if device.type == "cuda" and torch.cuda.is_available():
        return min(most, torch.cuda.mem_get_info(device)[0] // WORKING)
    return most


@torch.no_grad()
def scores_of_inputs(
    forward: ForwardPass,
    image: Tensor,
    change: Callable[[Tensor, Tensor], Tensor],
    score: ScoreOf | None = None,
) -> Tensor:
    """Return scores (M,), by default the pass's own; row m is image[m], changed by `change(inputs, rows m)`."""
    step = max(1, held(forward.x.device) // forward.x[0].numel())
    rows = torch.arange(len(image), device=image.device)
    score = score or forward.score
    classifier = forward.in_run_precision(forward.classifier)
    told = PROGRESS.get()
    scores: list[Tensor] = []
    for i, row in zip(image.split(step), rows.split(step), strict=True):
        scores.append(score(classifier(change(forward.x[i], row)), i))
        if told is not None:
            told(min(len(scores) * step, len(image)), len(image))
    return torch.cat(scores)
