"""A classifier is head(features(x)), cut at the explained layer.

Then a CAM method is a function of features, head and score: no hooks and no clean-up, and one pass
through the expensive part serves the prediction and every method.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emocam.network.label_names import LabelNames
from emocam.network.memory_order import settle_memory_order
from emocam.network.quick_features import Way
from emocam.network.values import Values
from emocam.records.evidence import Prediction, Renamed
from emocam.view.base import View

MANY = (
    "classifier.many: a picture counts under each label whose probability is above threshold.label, and under none "
    "where no label's is; tests and intervals take its labels together"
)


@dataclass(frozen=True)
class Head:
    """The rest of the network after the explained layer, for the B images of one pass.

    `bypass` is what flows around the layer (residual paths, class tokens), (B, ...) each; without
    any, `module` is the whole rest.
    """

    module: nn.Module
    bypass: tuple[Tensor, ...] = ()

    def __call__(self, activation: Tensor, image: Tensor | None = None) -> Tensor:
        """Return logits (M, L) of activations (M, C, h, w); row m belongs to image[m] of the pass."""
        aside = self.bypass if image is None else tuple(b[image] for b in self.bypass)
        return self.module(activation, *aside)


class Classifier(nn.Module):
    """Sets `labels`, `view`, `features` and `head`; the head's modules are used once each.

    `features` gives activations (B, C, h, w), or a tuple of these and what bypasses them.
    `layer` says in words where the cut is; `finer_layers` are names of earlier ones with finer maps, for
    `classifier.layer`. With `bf16` CAM methods may ask in bfloat16 what needs no
    gradient; features, gradients and predictions never are. With `values` the answers are numbers, each asked
    in both directions.
    """

    labels: list[str]
    view: View
    features: nn.Module
    head: nn.Module
    layer: str
    finer_layers: Sequence[str] = ()
    bf16: bool = False
    values: Values | None = None
    many: Tensor | None = None
    """The threshold of each label (L,), where a picture may have several labels or none."""
    renamed: LabelNames | None = None
    """Other names of the labels, where a run asks for some."""
    opaque: bool = False
    """Whether only answers are seen: no layer and no gradient."""
    weights_note: str = ""
    """What a person should be told of the file that the weights came from."""
    fast: bool = False
    """Whether the features may be computed by faster ways that agree with the network's own to 1e-5."""
    way: Way | None = None
    """The way by which the features are computed, where one was chosen; another pass's is gone without a trial."""
    way_note: str = ""
    """What a person should be told of it."""
    keep_way: Callable[[Way], Way] | None = None
    """Keeps a chosen way beside the rows, and returns the one that was kept first."""
    trains_channels_last: bool = True
    """Whether training lays out memory by channels last, which is faster but for networks that torch cannot."""

    def prepare(self, view: Tensor) -> Tensor:
        """Return the network's input from a batch of views (B, 3, h, w), or (B, 1, h, w)."""
        return view.float() / 255

    def settle(self, views: Tensor, images: int) -> None:
        """Choose by a trial on the first views (B, ...) how to compute; `images` are still to come."""
        settle_memory_order(self, views, self.prepare)

    def cut(self, x: Tensor) -> tuple[Tensor, Head]:
        """Return the activations (B, C, h, w) of the explained layer, without a graph, and the rest."""
        with torch.no_grad():
            activation, *bypass = features if isinstance(features := self.features(x), tuple) else (features,)
        return activation, Head(self.head, tuple(bypass))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, L) of a prepared input."""
        features = self.features(x)
        return self.head(*features) if isinstance(features, tuple) else self.head(features)

    def file_state(self) -> dict[str, Tensor]:
        """Return the network's tensors by the names that a file for `classifier.weights` has."""
        return dict(self.state_dict())

    def load_file_state(self, state: Mapping[str, Tensor]) -> None:
        """Load tensors as `file_state` returns them."""
        self.load_state_dict(state)

    def derive(self, logits: Tensor) -> dict[str, Tensor]:
        """Return further columns of the predictions, (B,) each: valence and arousal, say; values."""
        return {} if self.values is None else self.values.in_own_units(logits)

    def prediction(
        self, logits: Tensor, target: int | None = None, features: Tensor | None = None
    ) -> Prediction:
        """Return what logits (B, L) say; with values a `target` is the label of each picture."""
        values, renamed = self.values is not None, None
        derived = self.derive(logits)
        if self.renamed is not None:
            called, confidence, kept = self.renamed.named(logits)
            label = self.renamed.places_kept(called)
            renamed = Renamed(label, confidence, called, self.renamed.names, logits)
            logits = kept
        asked = target if values else None
        return Prediction(logits, derived, features, values, asked, self.many, renamed)

    @property
    def label_names(self) -> list[str]:
        """The labels that pictures are called by: the network's own, or the names that a run gives them."""
        return self.labels if self.renamed is None else self.renamed.labels

    @property
    def labels_asked(self) -> list[str]:
        """The names by which each of the network's own labels can be asked about."""
        return self.labels if self.renamed is None else self.renamed.asked(self.labels)

    @property
    def notes(self) -> list[str]:
        """What a person should be told of the network."""
        of_values = [] if self.values is None else self.values.notes
        of_network = [note for note in (self.weights_note, self.way_note) if note]
        return of_network + of_values + [MANY] * (self.many is not None)

    def freeze(self) -> "Classifier":
        """Set evaluation mode, no parameter gradients and nothing in place: the state that all methods expect."""
        for module in self.modules():
            if getattr(module, "inplace", False):
                module.inplace = False  # type: ignore[assignment]
        return self.eval().requires_grad_(False)
