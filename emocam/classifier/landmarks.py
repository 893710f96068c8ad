"""Binary networks on sequences of landmarks, one a label, as EF-DNN has them.

Di Luzio, Rosato, Panella 2024; the sizes are ours, since the paper's are not known to us.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.classifier.library import draw_weights, own_weights
from emocam.errors import SettingError, nearest
from emocam.face.point_layouts import read_layout
from emocam.network.point_networks import KINDS, RandomPointNetwork, build_point_network
from emocam.network.trained import labels_of, read_trained
from emocam.view.points import NormalisedPoints

EMOTIONS = ["happiness", "surprise", "sadness", "anger", "disgust", "fear"]
LEAST_LENGTH = 8
"""Frames that a sequence needs: convolutions over five, and the mean of the last four of their answers."""


class Landmarks(Classifier):
    """`weights` is a file that `task=train` left, or `random` (drawn from `seed`); none is shipped.

    `kind` is `random` (fixed random features with a head in closed form), `mlp` or `gru`; `points` and `length`
    are those of the data.
    """

    def __init__(
        self,
        kind: str = "mlp",
        points: str | int = "68",
        length: int = 16,
        hidden: int | None = None,
        weights: str | None = None,
        labels: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_kind(kind, length, hidden)
        self.labels = labels_of(weights, labels, EMOTIONS)
        count = len(read_layout(points))
        self.view = NormalisedPoints(count, length)
        network = draw_weights(
            lambda: build_point_network(kind, len(self.labels), count, length, hidden=hidden), seed
        )
        self.weights_note = own_weights(network, weights, len(self.labels), "landmarks")
        trained = read_trained(weights)
        if trained is not None:
            if trained.view != repr(self.view):
                raise SettingError(
                    f"classifier.weights: {weights} was trained on {trained.view}, and these data are shown as "
                    f"{self.view!r}; take data.points and data.length as they were"
                )
            network.temperature = torch.tensor(trained.temperature)
        self.features, self.head, self.layer = nn.Identity(), network, "the points"
        self.freeze()

    def prepare(self, view: Tensor) -> Tensor:
        return view.float()

    def file_state(self) -> dict[str, Tensor]:
        return dict(self.head.state_dict())

    def load_file_state(self, state: Mapping[str, Tensor]) -> None:
        self.head.load_state_dict(state)

    def solve(self, views: Tensor, label: Tensor) -> bool:
        """Fit the network in closed form to views (N, 2, T, P) and labels (N,); return whether it can be."""
        if not isinstance(self.head, RandomPointNetwork):
            return False
        self.head.solve(self.prepare(views), label)
        return True


def check_kind(kind: str, length: int, hidden: int | None) -> None:
    """Refuse settings that describe no network."""
    if kind not in KINDS:
        raise SettingError(f"classifier.kind {kind!r} is not known; {nearest(str(kind), KINDS)}")
    if length < LEAST_LENGTH:
        raise SettingError(f"data.length must be at least {LEAST_LENGTH} frames, got {length}")
    if hidden is not None and hidden < 1:
        raise SettingError(f"classifier.hidden must be at least 1, got {hidden}")
