"""The networks of the embedded worlds, with a fully connected head.

Behind average pooling and one linear layer most CAM methods would be the same by algebra.
"""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError, nearest
from emocam.network.photographs import CHANNELS, NETWORKS, build_photograph_features
from emocam.network.trained import labels_of, settle_answers
from emocam.network.values import Asked, ask_both_directions, settle_values
from emocam.network.weights import fit, is_file, read_weights
from emocam.settings.read_files import noted
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
    with safe_open(noted(weights), "pt") as file:
        kind = str((file.metadata() or {}).get("network", ""))
    if kind in NETWORKS and network not in (None, kind):
        raise SettingError(
            f"classifier.network={network}, and {weights} holds a network of the kind {kind}; leave "
            "classifier.network away"
        )
    return kind if kind in NETWORKS else network or NETWORKS[0]


def labels_within(path: Path) -> list[str]:
    """Return the labels that `task=train` wrote into a safetensors file."""
    with safe_open(noted(path), "pt") as file:
        labels = (file.metadata() or {}).get("labels")
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
        self.labels = labels_of(str(source), labels, None if labels else labels_within(source))
        self.view = PHOTOGRAPH_VIEW if photographs else VIEW
        if network is not None and not photographs:
            raise SettingError(f"classifier.network goes with classifier.world={PHOTOGRAPHS}, got {world}")
        kind = kind_of(network, own) if photographs else ""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.features = build_photograph_features(kind) if photographs else build_features()
            self.head = FullyConnected(len(self.labels), 10 if photographs else 14)
        if weights != "random":
            self.weights_note = fit(self, read_weights(source), source)
        side = self.view.size
        dry = self.prepare(torch.arange(2 * 3 * side[0] * side[1]).reshape(2, 3, *side) % 251)
        settle_answers(self.eval(), weights, adjust, self.view, dry)
        self._settle_values(values, str(source) if weights != "random" else None, dry)
        self.freeze()

    def _settle_values(self, asked: Asked, weights: str | None, dry: Tensor) -> None:
        """Make the network answer for each value in both directions, where its answers are values."""
        found = settle_values(asked, weights, self.labels)
        if found is not None:
            ask_both_directions(self, found, dry)
            self.values, self.labels = found, found.labels

    def prepare(self, view: Tensor) -> Tensor:
        return prepare_photograph(view) if self.photographs else prepare(view)
