"""The scores of coalitions of channels: the head's answer when only some channels are present.

Where the head leads channel by channel (ReLU, pooling, dropout) into a linear layer, that layer's output is
a sum over channels, z = z(nothing) + sum_k m_k C_k. Here C_k = W_k (p_k - p_k(nothing)) is computed once
for an image, so that a coalition costs a row of `mask @ C` and never the wide layer again. Where this layer
is the head's last and logits are explained, C_k is one number for each channel. Every other head is run
with channels set to zero. The first pass through a head computes a few coalitions both ways, and the sum is
used only if they agree.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from emocam.cam.base import ForwardPass
from emocam.cam.channel_sums import ChannelSum

HELD = 1 << 24
"""Numbers held at once by a batch of coalitions: 64 MB."""
ROWS = 2048
"""Rows behind the linear layer at once: a product of so many costs less a row than one of a few hundred."""

_trusted: "WeakKeyDictionary[nn.Module, ChannelSum | None]" = WeakKeyDictionary()


class Coalitions:
    """Scores of the B images of a pass under masks of channels: 1 for present, 0 for absent."""

    def __init__(self, forward: ForwardPass) -> None:
        self.forward = forward
        self.activation = forward.activation.detach()
        self.summing = None if forward.head.bypass else self._trust(forward.head.module)

    @torch.no_grad()
    def scores(self, mask: Tensor) -> Tensor:
        """Score S coalitions for each image (B, S, C), or the same for all (1, S, C): (B, S)."""
        mask = mask.to(self.activation).expand(len(self.activation), -1, -1)
        if self.summing is None:
            return self.plain_scores(mask)
        if self._one_number(self.summing):
            nothing, share = self._shares(self.summing)
            return nothing[:, None] + torch.einsum("bsc,bc->bs", mask, share)
        asked = (
            (image, torch.addmm(nothing, rows, parts))
            for image, nothing, parts in self._parts(self.summing)
            for rows in mask[image].split(self._rows(parts[0]))
        )
        return torch.cat(list(self._after(self.summing, asked))).view(mask.shape[:2])

    @cached_property
    def whole(self) -> Tensor:
        """The score (B,) with all channels, in the precision of the others, so that rounding is no effect."""
        exact = self.summing is not None and self._one_number(self.summing)
        if exact or not self.forward.classifier.bf16:
            return self.forward.scores
        if self.summing is None:
            return self.scores(self.activation.new_ones(1, 1, self.activation.shape[1]))[:, 0]
        z = self.summing.linear(self.summing.before(self.activation))
        return torch.cat(list(self._after(self.summing, enumerate(z[:, None]))))

    @torch.no_grad()
    def scores_without_each(self) -> Tensor:
        """Score each image without each channel (B, C); a silent channel changes nothing and is skipped."""
        if self.summing is None:
            return self._plain_without_each()
        if self._one_number(self.summing):
            return self.whole[:, None] - self._shares(self.summing)[1]
        if self.activation.device.type != "cpu":
            return self._each_of_all(self.summing)
        scores = self.whole[:, None].repeat(1, self.activation.shape[1])
        heard: list[Tensor] = []

        def asked(summing: ChannelSum) -> Iterator[tuple[int, Tensor]]:
            for image, nothing, parts in self._parts(summing):
                heard.append(parts.abs().amax(-1) > 0)
                yield image, nothing + parts.sum(0) - parts[heard[image]]

        for image, without in enumerate(self._after(self.summing, asked(self.summing))):
            scores[image, heard[image]] = without
        return scores

    def _each_of_all(self, summing: ChannelSum) -> Tensor:
        """Return what `scores_without_each` does, silent channels counted too: an accelerator need not find them."""
        heard: list[Tensor] = []

        def asked() -> Iterator[tuple[int, Tensor]]:
            for image, nothing, parts in self._parts(summing):
                heard.append(parts.abs().amax(-1) > 0)
                yield image, nothing + parts.sum(0) - parts

        without = torch.stack(list(self._after(summing, asked())))
        return torch.where(torch.stack(heard), without, self.whole[:, None])

    @torch.no_grad()
    def plain_scores(self, mask: Tensor) -> Tensor:
        """Score coalitions by the definition that `scores` must match: the head with channels set to zero."""
        images, coalitions = mask.shape[:2]
        image = torch.arange(images, device=mask.device).repeat_interleave(coalitions)
        row = torch.arange(coalitions, device=mask.device).repeat(images)
        step = self._rows(self.activation[0])
        asked = [self._ask(i, mask[i, r]) for i, r in zip(image.split(step), row.split(step), strict=True)]
        return torch.cat(asked).view(images, coalitions)

    def _plain_without_each(self) -> Tensor:
        channels = self.activation.shape[1]
        heard = self.activation.abs().amax((-2, -1)) > 0
        if heard.device.type != "cpu":  # asked in vain about the silent ones: to count them would take longer
            absent = 1 - torch.eye(channels, device=heard.device, dtype=self.activation.dtype)
            return torch.where(
                heard, self.plain_scores(absent.expand(len(heard), -1, -1)), self.whole[:, None]
            )
        image, channel = heard.nonzero(as_tuple=True)
        scores = self.whole[:, None].repeat(1, channels)
        step = self._rows(self.activation[0])
        for i, k in zip(image.split(step), channel.split(step), strict=True):
            scores[i, k] = self._ask(i, 1 - nn.functional.one_hot(k, channels).to(scores))
        return scores

    def _ask(self, image: Tensor, mask: Tensor) -> Tensor:
        """Run the head itself on images (M,) under masks (M, C): scores (M,)."""
        return self.forward.score_without_grad(self.activation[image] * mask[:, :, None, None], image)

    def _rows(self, row: Tensor) -> int:
        return max(1, HELD // row.numel())

    def _after(self, summing: ChannelSum, asked: Iterable[tuple[int, Tensor]]) -> Iterator[Tensor]:
        """Yield scores (M,) for each image and its outputs (M, outputs) of the linear layer, many at once."""
        waiting: list[tuple[int, Tensor]] = []
        for question in asked:
            waiting.append(question)
            if sum(len(z) for _, z in waiting) >= ROWS:
                yield from self._together(summing, waiting)
                waiting = []
        if waiting:
            yield from self._together(summing, waiting)

    def _together(self, summing: ChannelSum, asked: list[tuple[int, Tensor]]) -> Sequence[Tensor]:
        z = torch.cat([z for _, z in asked])
        logits = z if summing.after is None else self.forward.in_run_precision(summing.after)(z)
        image = torch.cat([torch.full((len(z),), image, device=z.device) for image, z in asked])
        return self.forward.score(logits, image).split([len(z) for _, z in asked])

    def _parts(self, summing: ChannelSum) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield for each image its number, z(nothing) (outputs,), and C (C, outputs)."""
        # q runs over the inputs of channel k, o over the outputs: C_k = W_k times the change of channel k
        absent, change = summing.inputs(self.activation)
        nothing = summing.linear(absent)
        weight = summing.weight(self.activation.shape[1])
        step = max(1, HELD // weight[..., 0].numel())
        for start in range(0, len(change), step):
            parts = torch.einsum("bkq,okq->bko", change[start : start + step], weight)
            yield from ((start + number, nothing, part) for number, part in enumerate(parts))

    def _one_number(self, summing: ChannelSum) -> bool:
        return summing.after is None and self.forward.score_kind == "logit"

    def _shares(self, summing: ChannelSum) -> tuple[Tensor, Tensor]:
        """Return the score of nothing (B,), and what each channel adds to it (B, C)."""
        absent, change = summing.inputs(self.activation)
        weight = summing.weight(self.activation.shape[1])[self.forward.target]
        return summing.linear(absent)[self.forward.target], (weight * change).sum(-1)

    def _trust(self, head: nn.Module) -> ChannelSum | None:
        """Return the head as a sum, if it is one; this is tried once, on the first image of a head."""
        if head not in _trusted:
            summing = ChannelSum.of(head)
            _trusted[head] = summing if summing is not None and self._agrees(summing) else None
        return _trusted[head]

    @torch.no_grad()
    def _agrees(self, summing: ChannelSum) -> bool:
        """Compare the sum with the head, without each of the loudest channels and without every second."""
        one = self.activation[:1]
        channels = self.activation.shape[1]
        mask = one.new_ones(4, channels)
        loudest = one[0].abs().sum((-2, -1)).topk(min(3, channels)).indices
        mask[torch.arange(len(loudest)), loudest] = 0
        mask[3, ::2] = 0
        try:
            absent, change = summing.inputs(one)
            parts = torch.einsum("kq,okq->ko", change[0], summing.weight(channels))
        except (RuntimeError, ValueError):  # the linear layer's inputs are not grouped by channel
            return False
        z = summing.linear(absent) + mask @ parts
        logits = z if summing.after is None else summing.after(z)
        plain = self.forward.head.module(one * mask[:, :, None, None])
        return bool(torch.allclose(logits, plain, rtol=1e-4, atol=1e-4 * float(plain.abs().max())))
