"""The networks of the embedded worlds, with a fully connected head.

Behind average pooling and one linear layer most CAM methods would be the same by algebra.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError, nearest
from emocam.network.layers import MOST_CELLS
from emocam.network.many_labels import undecided
from emocam.network.photographs import CHANNELS, NETWORKS, build_photograph_features
from emocam.network.trained import labels_of, settle_answers
from emocam.network.values import Asked, ask_both_directions, settle_values
from emocam.network.weights import fit, is_file, read_metadata, read_weights
from emocam.view.crops import Stretch

TRAINED = Path(__file__).parent / "trained"
# these show the standard world's objects, and its network reads them
READ_BY = dict.fromkeys(("gaze", "film", "size", "place", "pairs", "noisy_detector"), "standard")
VIEW, PHOTOGRAPH_VIEW = Stretch((112, 112)), Stretch((160, 160))
PHOTOGRAPHS = "photographs"


def block(before: int, after: int, size: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, size, stride, size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU()]


def build_features() -> nn.Sequential:
    """Build (B, 3, 112, 112) to (B, 32, 14, 14), before the last convolution's ReLU."""
    return nn.Sequential(
        *block(3, 16, size=5, stride=2),
        *block(16, 32, size=3, stride=2),
        *block(32, 48, size=3, stride=1),
        nn.MaxPool2d(2),
        *block(48, 64, size=3, stride=1),
        nn.Conv2d(64, CHANNELS, 3, padding=1),
    )


class FullyConnected(nn.Module):
    """(B, 32, s, s) -> (B, L). Flattening is no module of its own: captum's LRP knows no rule for one."""

    def __init__(self, labels: int, side: int = 14) -> None:
        super().__init__()
        self.rectify, self.pool = nn.ReLU(), nn.AvgPool2d(2)
        self.hidden, self.rectify_hidden = nn.Linear(CHANNELS * (side // 2) ** 2, 64), nn.ReLU()
        self.output = nn.Linear(64, labels)

    def forward(self, activation: Tensor) -> Tensor:
        pooled = self.pool(self.rectify(activation))
        return self.output(self.rectify_hidden(self.hidden(pooled.flatten(1))))


def two_views(size: tuple[int, int]) -> Tensor:
    """Return two different views (2, 3, h, w) to try a network on."""
    return torch.arange(2 * 3 * size[0] * size[1]).reshape(2, 3, *size) % 251


class LaterHead(nn.Module):
    """The head of a network that is cut earlier: the `rest` of its features, and what comes behind them."""

    def __init__(self, rest: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.rest, self.head = rest, head

    def forward(self, activation: Tensor) -> Tensor:
        return self.head(self.rest(activation))


def finer_steps(features: nn.Module, dry: Tensor, most: int = 2) -> list[str]:
    """Return the last step of each finer grid than that of the features' end, as far as maps are still small."""
    cells: dict[int, str] = {}
    x = dry[:1]
    with torch.no_grad():
        for name, step in features.named_children():
            x = step(x)
            cells[x.shape[-2] * x.shape[-1]] = name
    own = x.shape[-2] * x.shape[-1]
    return [cells[grid] for grid in sorted(cells) if own < grid <= MOST_CELLS][:most]


def prepare(view: Tensor) -> Tensor:
    """Turn bytes into numbers in [-2, 2)."""
    return view.float() / 64 - 2


def prepare_photograph(view: Tensor) -> Tensor:
    """Scale bytes to [-1, 1], as EfficientNet-Lite0 was trained."""
    return view.float() / 127.5 - 1


def kind_of(network: str | None, weights: Path | None) -> str:
    """Return the kind of network of photographs that is asked for, or else the one that a file holds."""
    if network is not None and network not in NETWORKS:
        raise SettingError(f"classifier.network: {network!r} is not known; {nearest(network, NETWORKS)}")
    if weights is None or weights.suffix != ".safetensors":
        return network or NETWORKS[0]
    kind = read_metadata(weights).get("network", "")
    if kind in NETWORKS and network not in (None, kind):
        raise SettingError(
            f"classifier.network={network}, and {weights} holds a network of the kind {kind}; leave "
            "classifier.network away"
        )
    return kind if kind in NETWORKS else network or NETWORKS[0]


def labels_within(path: Path) -> list[str]:
    """Return the labels that `task=train` wrote into a safetensors file."""
    labels = read_metadata(path).get("labels")
    if labels is None:
        raise SettingError(
            f"classifier.weights: {path} does not name its labels; give classifier.labels=FILE"
        )
    return labels.split("\n")


class PlantedClassifier(Classifier):
    """`weights` is a file, `random` (drawn from `seed`), or null for the network shipped for `world`.

    None is shipped for photographs: `task=train` leaves one, of the kind `network`.
    """

    layer = "the last convolution, before its ReLU"

    def __init__(
        self,
        world: str = "standard",
        weights: str | None = None,
        labels: str | None = None,
        seed: int = 0,
        adjust: int = 0,
        network: str | None = None,
        values: Asked = None,
        layer: str | int | None = None,
        many: bool = False,
    ) -> None:
        super().__init__()
        known = [*(file.stem for file in sorted(TRAINED.glob("*.safetensors"))), *READ_BY]
        shipped = TRAINED / f"{READ_BY.get(world, world)}.safetensors"
        own = Path(weights).expanduser() if weights is not None and is_file(weights) else None
        if weights not in (None, "random") and own is None:
            raise SettingError(
                f"classifier.weights must be null, random or a file (.pth, .safetensors), got {weights!r}"
            )
        self.photographs = photographs = world == PHOTOGRAPHS
        if own is None and photographs and (weights is None or labels is None):
            raise SettingError(
                "no network is shipped for planted photographs; python -m emocam task=train "
                "data.world=photographs hydra.run.dir=DIR leaves one, and "
                "classifier.weights=DIR/photographs.safetensors takes it (classifier.weights=random "
                "needs classifier.labels=FILE)"
            )
        if own is None and not photographs and world not in known:
            raise SettingError(f"no network is shipped for the world {world!r}; {nearest(world, known)}")
        source = own or shipped
        state = {} if weights == "random" else read_weights(source)  # its damage is told first
        self.labels = labels_of(str(source), labels, None if labels else labels_within(source))
        self.view = PHOTOGRAPH_VIEW if photographs else VIEW
        if network is not None and not photographs:
            raise SettingError(f"classifier.network goes with classifier.world={PHOTOGRAPHS}, got {world}")
        kind = kind_of(network, own) if photographs else ""
        self._draw_weights(kind, seed)
        if weights != "random":
            self.weights_note = fit(self, state, source)
        dry = self.prepare(two_views(self.view.size))
        settle_answers(self.eval(), weights, adjust, self.view, dry)
        self._settle(values, many, str(source) if weights != "random" else None, dry)
        self._cut_at(layer, dry)
        self.freeze()

    def _draw_weights(self, kind: str, seed: int) -> None:
        """Build the network of a kind of photographs, or of drawn pictures, with the random weights of this seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.features = build_photograph_features(kind) if kind else build_features()
            self.head = FullyConnected(len(self.labels), 10 if kind else 14)

    def _cut_at(self, layer: str | int | None, dry: Tensor) -> None:
        """Cut the network behind a step of its features, by the step's name, which YAML may read as a number."""
        self.finer_layers = finer_steps(self.features, dry)
        if layer is None:
            return
        layer = str(layer)
        assert isinstance(self.features, nn.Sequential)
        steps = [name for name, _ in self.features.named_children()]
        if layer not in steps:
            raise SettingError(
                f"classifier.layer: {layer!r} is no step of the planted network's features; {nearest(layer, steps)}"
            )
        behind = steps.index(layer) + 1
        self.layer = layer
        self.finer_layers = [name for name in self.finer_layers if steps.index(name) + 1 < behind]
        self.features, self.head = self.features[:behind], LaterHead(self.features[behind:], self.head)

    def file_state(self) -> dict[str, Tensor]:
        """Return the tensors by the names that they have where the network is not cut earlier."""
        whole = {"head.rest.": "features.", "head.head.": "head."} if isinstance(self.head, LaterHead) else {}
        state = {}
        for name, tensor in self.state_dict().items():
            start = next((part for part in whole if name.startswith(part)), "")
            state[whole.get(start, "") + name.removeprefix(start)] = tensor
        return state

    def load_file_state(self, state: Mapping[str, Tensor]) -> None:
        if isinstance(self.head, LaterHead):
            raise SettingError("classifier.layer cuts the planted network earlier; leave it away to train")
        super().load_file_state(state)

    def _settle(self, asked: Asked, many: bool, weights: str | None, dry: Tensor) -> None:
        """Make the network answer for many labels, or for each value in both directions."""
        self.many = undecided(len(self.labels)) if many else None
        found = settle_values(asked, weights, self.labels)
        if found is not None:
            ask_both_directions(self, found, dry)
            self.values, self.labels = found, found.labels

    def prepare(self, view: Tensor) -> Tensor:
        return prepare_photograph(view) if self.photographs else prepare(view)
