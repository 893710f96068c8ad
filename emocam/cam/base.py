"""The base of all CAM methods: one pass through the classifier, and the way from map to [0, 1]."""

import zlib
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Literal, Self

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError, nearest
from emocam.functional.map.maps import normalise
from emocam.network.precision import bfloat16_copy
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation, Prediction
from emocam.records.picture import Batch

Score = Literal["logit", "probability"]
TOGETHER = 1 << 23
"""Numbers of activation for which several labels are asked at once: 32 MB."""
ASKING = ("cam=occlusion", "cam=rise", "cam=regions")
"""Methods that need no more of a network than its answers."""
PREDICTED = "predicted"
"""The `target` that is each picture's own label."""


class ForwardPass:
    """One pass of B images, cut at the explained layer, with all that a method needs.

    `activation` (B, C, h, w) is a leaf that requires a gradient; `target` (B,) is the explained label.
    `regions` are those that the detector found, and `window` (B, 4) the part of each image that is seen.
    """

    def __init__(
        self,
        classifier: Classifier,
        x: Tensor,
        score: Score = "logit",
        target: int | None = None,
        paths: Sequence[str] = (),
        regions: Detections | None = None,
        window: Tensor | None = None,
    ) -> None:
        self.classifier = classifier
        self.regions, self.window = regions, window
        self.x = x
        self.score_kind = score
        self.paths = paths
        activation, self.head = classifier.cut(x)
        self.activation = activation.float().requires_grad_()
        with torch.enable_grad():
            self.logits = self.head(self.activation)
        self.target = self._targets(target)
        self._gradients: dict[int | None, Tensor] = {}
        self._asked = target
        # labels that the pass will be asked about, whose gradients come at once
        self.together: Sequence[int] = ()

    def _targets(self, target: int | None) -> Tensor:
        if target is None:
            return self.logits.argmax(-1)
        return torch.full_like(self.logits[:, 0], target).long()

    def asked_about(self, target: int | None) -> Self:
        """Return the same pass of the same images, asked about another label."""
        if target == self._asked:
            return self
        other = copy(self)
        other.__dict__.pop("scores", None)
        other.target, other._asked = other._targets(target), target
        return other

    def of_pairs(self, image: Tensor, label: Tensor) -> Self:
        """Return a pass of P rows, each an image of this one asked about one label; images may repeat."""
        other = copy(self)
        for known in ("scores", "seeds"):
            other.__dict__.pop(known, None)
        rows = image.tolist()
        other.x = self.x[image]
        other.paths = [self.paths[row] for row in rows] if self.paths else ()
        other.regions = None if self.regions is None else self.regions.for_rows_of(image)
        other.window = None if self.window is None else self.window[image]
        other.activation = self.activation.detach()[image].requires_grad_()
        other.head = replace(self.head, bypass=tuple(part[image] for part in self.head.bypass))
        with torch.enable_grad():
            other.logits = other.head(other.activation)
        other.target, other._asked, other._gradients, other.together = label, None, {}, ()
        return other

    def score(self, logits: Tensor, image: Tensor | None = None) -> Tensor:
        """Return the explained quantity (M,) in logits (M, L); row m belongs to image[m] of the pass."""
        target = self.target if image is None else self.target[image]
        values = self._values(logits)
        return values.gather(-1, target[:, None])[:, 0]

    def _values(self, logits: Tensor) -> Tensor:
        """Return what may be explained (M, L): the logits, or the probabilities of the labels."""
        if self.score_kind == "logit":
            return logits
        return logits.softmax(-1) if self.classifier.many is None else logits.sigmoid()

    def score_of(self, activation: Tensor, image: Tensor | None = None) -> Tensor:
        """Return the score (M,) for changed activations (M, C, h, w)."""
        return self.score(self.head(activation, image), image)

    @torch.no_grad()
    def score_without_grad(self, activation: Tensor, image: Tensor) -> Tensor:
        """Return what `score_of` does, without a graph and in the run's precision."""
        head = replace(self.head, module=self.in_run_precision(self.head.module))
        return self.score(head(activation, image), image)

    def in_run_precision(self, network: nn.Module) -> nn.Module:
        """Return all or part of the classifier in the run's precision, where no gradient is needed."""
        narrow = self.classifier.bf16 and not self.classifier.opaque
        return bfloat16_copy(network) if narrow else network

    @cached_property
    def scores(self) -> Tensor:
        """The score (B,) of the unchanged images."""
        return self.score(self.logits).detach()

    @property
    def gradient(self) -> Tensor:
        """The gradient of the score with respect to the activation, (B, C, h, w); computed once a label."""
        known, asked = self._gradients, self._asked
        if asked not in known and asked in self.together:
            self.differentiate(self.together)
        if asked not in known:
            other = self.opposite(asked)
            known[asked] = -known[other] if other is not None and other in known else self._differentiated()
        return known[asked]

    @gradient.setter
    def gradient(self, gradient: Tensor) -> None:
        self._gradients[self._asked] = gradient

    def differentiate(self, targets: Sequence[int]) -> None:
        """Compute the gradients for several labels at once: the head's weights are read once for all of them."""
        wanted: list[int] = []
        for label in dict.fromkeys(targets):
            if not {label, self.opposite(label)} & {*self._gradients, *wanted} - {None}:
                wanted.append(label)
        images = len(self.activation)
        step = max(1, TOGETHER // self.activation.numel())
        for start in range(0, len(wanted), step):
            some = wanted[start : start + step]
            image = torch.arange(images, device=self.activation.device).repeat(len(some))
            rows = self.activation.detach().repeat(len(some), 1, 1, 1).requires_grad_()
            with torch.enable_grad():
                logits = self.head(rows, image)
                values = self._values(logits)
                asked = torch.tensor(some, device=logits.device).repeat_interleave(images)
                score = values.gather(-1, asked[:, None]).sum()
                (found,) = torch.autograd.grad(score, rows)
            self._gradients |= dict(zip(some, found.chunk(len(some)), strict=True))

    def opposite(self, label: int | None) -> int | None:
        """Return the label whose logit is this one's with the other sign; None where there is none."""
        values = self.classifier.values is not None and self.score_kind == "logit"
        return label ^ 1 if values and label is not None else None

    def _differentiated(self) -> Tensor:
        with torch.enable_grad():
            score = self.score(self.logits).sum()
            return torch.autograd.grad(score, self.activation, retain_graph=True)[0]

    @cached_property
    def seeds(self) -> list[int]:
        """A seed for each image that depends on its name alone, so that other images change nothing."""
        return [zlib.crc32(path.encode(errors="surrogatepass")) for path in self.paths]


class CAM:
    """The base of a method: it overrides `channel_weights`, or `raw` if its map is no sum over channels.

    `grid` is the resolution of its maps, where that is not the explained layer's; `notes` are what a person should be
    told of the files that it read.
    """

    grid: tuple[int, int] | None = None
    looks_inside: bool = True
    """Whether a method needs a layer or a gradient, and not the answers to changed pictures alone."""
    notes: Sequence[str] = ()

    def __init__(self, score: Score = "logit", target: str = PREDICTED) -> None:
        if score not in ("logit", "probability"):
            raise SettingError(f"cam.score must be logit or probability, got {score!r}")
        self.explained = score
        self.target = target

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        """Return how much each channel speaks for the score: (B, C)."""
        raise SettingError(
            f"cam: {type(self).__name__} overrides neither channel_weights nor raw; one is needed"
        )

    def raw(self, forward: ForwardPass) -> Tensor:
        """Return the map (B, h, w) before its positive part is taken."""
        activation = forward.activation.detach()
        weights = self.channel_weights(forward)
        if weights.shape != activation.shape[:2]:
            raise self._misshapen("channel_weights", "(B, C)", tuple(activation.shape[:2]), weights)
        return torch.einsum("bc,bchw->bhw", weights, activation)

    def maps(self, forward: ForwardPass) -> Tensor:
        """Return the map (B, h, w) in [0, 1]."""
        raw = self.raw(forward).detach()
        if raw.ndim != 3 or len(raw) != len(forward.activation):
            raise self._misshapen("raw", "(B, h, w)", (len(forward.activation), "h", "w"), raw)
        return normalise(raw)

    def windows(self, forward: ForwardPass) -> Tensor | None:
        """Return which part (B, 4) of each picture the maps cover, or None for that which the classifier saw."""
        return None

    def _misshapen(
        self, method: str, letters: str, shape: tuple[object, ...], values: Tensor
    ) -> SettingError:
        expected = ", ".join(str(side) for side in shape)
        return SettingError(
            f"cam: {type(self).__name__}.{method} must return {letters}, here ({expected}), "
            f"got {tuple(values.shape)}"
        )

    def check_sees(self, classifier: Classifier) -> None:
        """Refuse a method that looks inside a network of which only the answers are seen."""
        if classifier.opaque and self.looks_inside:
            kind = type(classifier).__name__
            raise SettingError(
                f"cam: {type(self).__name__} looks at a layer or a gradient, and of {kind} only the answers are seen; "
                f"{', '.join(ASKING)} ask about changed pictures and work with it"
            )

    def label_index(self, labels: list[str]) -> int | None:
        """Return the explained label's place, or None for the predicted one."""
        if self.target == PREDICTED:
            return None
        if self.target not in labels:
            raise SettingError(
                f"cam.target {self.target!r} is no label; {nearest(self.target, [PREDICTED, *labels])}"
            )
        return labels.index(self.target)

    def forward_pass(
        self, classifier: Classifier, batch: Batch, regions: Detections | None = None
    ) -> ForwardPass:
        """Run the classifier on a batch and keep what a method needs; `regions` are by default the annotated."""
        x = classifier.prepare(batch.classifier_view)
        target = self.label_index(classifier.labels_asked)
        regions = batch.annotated if regions is None else regions
        return ForwardPass(
            classifier, x, self.explained, target, batch.paths, regions, batch.classifier_window
        )

    def __call__(self, classifier: Classifier, batch: Batch) -> tuple[Prediction, Explanation]:
        """Return the predictions of a batch, and one map for each image."""
        forward = self.forward_pass(classifier, batch)
        maps, window = self.maps(forward), self.windows(forward)
        window = batch.classifier_window if window is None else window
        prediction = classifier.prediction(forward.logits.detach(), self.label_index(classifier.labels_asked))
        return prediction, Explanation(maps, window)
