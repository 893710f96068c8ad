"""LIFT-CAM, Jung and Oh 2021, https://arxiv.org/abs/2102.05228; DeepLIFT's rescale rule, Shrikumar et
al. 2017, https://arxiv.org/abs/1704.02685.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.completeness import check_sums
from emocam.cam.propagation import HeadPropagation, route_gradient, slope_at, steps_of

TINY = 1e-9
STEPS = 1024
"""On the way between two rows of logits: a confident softmax turns within a small part of it."""
HELD = 1 << 20


class LIFTCAM(CAM):
    """A channel weighs what DeepLIFT says that it adds to the score, against the channel being zero.

    The weights of an image sum to the difference of its score and the score of nothing. A probability's
    softmax is no function of single numbers; its multipliers are its gradient averaged along the
    straight way between the two rows of logits, which keeps the sum right.
    """

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        activation = forward.activation.detach().requires_grad_()
        images = len(activation)
        bypass = forward.head.bypass
        # around the layer flows the same for the picture and for nothing
        nothing = torch.zeros_like(activation[: images if bypass else 1])
        walk = Rescale(steps_of(forward.head.module, "lift"), images)
        with torch.enable_grad():
            logits = walk.run(torch.cat([activation, nothing]), *(torch.cat([b, b]) for b in bypass))
            ours = logits[:images]
            reference = logits[images:].detach()
            explained = (_multipliers(forward, ours.detach(), reference) * ours).sum()
            (gradient,) = torch.autograd.grad(explained, activation)
        weights = (gradient * activation.detach()).sum((-2, -1))
        scores = forward.score(ours.detach())
        without = forward.score(reference.expand_as(ours))
        cure = "the network behind the layer has a step that DeepLIFT's rule does not fit: take cam=ig"
        check_sums("lift", [weights], scores - without, scores.abs() + without.abs(), cure)
        return weights


def _multipliers(forward: ForwardPass, logits: Tensor, reference: Tensor) -> Tensor:
    """Return how the score follows each logit (B, L) on the way from the reference's (1 or B, L)."""
    target = torch.nn.functional.one_hot(forward.target, logits.shape[1]).to(logits)
    if forward.score_kind == "logit":
        return target
    way = (torch.arange(STEPS, device=logits.device)[:, None, None] + 0.5) / STEPS
    total = torch.zeros_like(logits)
    for part in way.split(max(1, HELD // logits.numel())):
        probability = (reference + part * (logits - reference)).softmax(-1)
        explained = (probability * target).sum(-1, keepdim=True)
        total += (explained * (target - probability)).sum(0)
    return total / STEPS


class Rescale(HeadPropagation):
    """The rescale rule: a step's output changes by a constant times its input's change.

    The rows behind the first `images` are those of their reference, one for all or one for each.
    """

    def __init__(self, steps: torch.fx.GraphModule, images: int) -> None:
        super().__init__(steps)
        self.images = images

    def reference(self, rows: Tensor) -> Tensor:
        """Return the reference of every row, or one row that broadcasts."""
        reference = rows[self.images :]
        return reference if len(reference) == 1 else torch.cat([reference, reference])

    def activation(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        with torch.no_grad():
            value = function(x)
            change = x - self.reference(x)
            share = (value - self.reference(value)) / change
            share = torch.where(change.abs() > TINY, share, slope_at(function, x))
        return route_gradient(value, x, share)

    def maximum(self, pool: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor) -> Tensor:
        """Attribute a rise to the place where the picture is highest, and a fall to the reference's place.

        Both shares lie in [0, 1]. A place that wins in several windows collects from all of them.
        """
        with torch.no_grad():
            value, place = pool(x)
            rise = value - self.reference(value)
            place = torch.where(rise >= 0, place, self.reference(place)).flatten(2)
            start = self.reference(x).expand_as(x).flatten(2).gather(2, place).view_as(value)
        source = x.flatten(2).gather(2, place).view_as(value)
        change = source.detach() - start
        return route_gradient(value, source, torch.where(change.abs() > TINY, rise / change, 1.0))
