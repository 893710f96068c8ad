"""What all networks of libraries share: drawn or filled from a file, prepared, and cut at a layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.network.cut import cut
from emocam.network.layers import find_layer, finer_layers, spatial_layers
from emocam.network.many_labels import undecided
from emocam.network.packed_linear import packing
from emocam.network.probe_head import ProbeHead, put_head
from emocam.network.quick_features import settle_quick_features
from emocam.network.trained import settle_answers
from emocam.network.values import Values, ask_both_directions
from emocam.network.weights import by_own_names, fit, is_file, read_weights
from emocam.view.base import View


@dataclass(frozen=True)
class Preprocessing:
    """A view of `size` (height, width), and what each channel in [0, 1] is shifted and divided by."""

    view: View
    size: tuple[int, int]
    mean: Sequence[float]
    std: Sequence[float]


class LibraryClassifier(Classifier):
    """A whole network with its preprocessing, cut at `layer`, or where a CAM looks by default.

    `weights` that `task=train` left answer at the operating point `adjust`: 0 balanced, 1 as the corpus. A `head`
    that `task=probe` left takes the place of the network's last layer. With `many`
    a picture may have several labels.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        labels: list[str],
        preprocessing: Preprocessing,
        layer: str | None,
        model: str,
        weights: str | None = None,
        adjust: int = 0,
        values: Values | None = None,
        head: ProbeHead | None = None,
        many: bool = False,
    ) -> None:
        super().__init__()
        self.labels, self.view = labels, preprocessing.view
        for name, numbers in (("mean", preprocessing.mean), ("std", preprocessing.std)):
            self.register_buffer(name, torch.tensor(numbers)[:, None, None], persistent=False)
        self.add_module("network", network)
        packing(self.freeze())
        # two different pictures, so that a mix-up of the two would show
        generator = torch.Generator().manual_seed(0)
        dry = torch.rand(2, len(self.mean), *preprocessing.size, generator=generator)
        settle_answers(network, weights, adjust, self.view, (dry - self.mean) / self.std)
        if head is not None:
            put_head(network, head, repr(self.view), (dry - self.mean) / self.std)
            self.labels, values = head.labels, head.values
        if values is not None:
            ask_both_directions(network, values, (dry - self.mean) / self.std)
            self.values, self.labels = values, values.labels
        self.many = undecided(len(self.labels)) if many else None
        named = None if layer is None else str(layer)  # YAML reads the 2 of a Sequential as a number
        layers = spatial_layers(network, dry)
        found = find_layer(layers, named, model)
        self.layer, self.finer_layers = found.name, finer_layers(layers, found)
        self.features, self.head = cut(network, found, dry)
        whole = network.state_dict(keep_vars=True)
        del self.network  # the two parts hold its modules
        theirs = {id(tensor): name for name, tensor in whole.items()}
        own = self.state_dict(keep_vars=True)
        self.file_names = {name: theirs[id(tensor)] for name, tensor in own.items() if id(tensor) in theirs}
        held = set(self.file_names.values())
        # parts that no answer goes through, such as heads for training alone
        self.unused = {name: tensor.detach() for name, tensor in whole.items() if name not in held}

    def file_state(self) -> dict[str, Tensor]:
        state = self.state_dict()
        return self.unused | {whole: state[name] for name, whole in self.file_names.items()}

    def load_file_state(self, state: Mapping[str, Tensor]) -> None:
        self.load_state_dict({name: state[whole] for name, whole in self.file_names.items()}, strict=True)

    def settle(self, views: Tensor, images: int) -> None:
        super().settle(views, images)
        if not self.fast:
            return
        kept, given = self.way, (self.features, views, self.prepare, images)
        self.way = settle_quick_features(*given, kept, self.keep_way)
        if kept != self.way and kept is not None:
            self.way_note = (
                f"the rows that were there already were computed by the way {kept!r}, which does not agree with the "
                f"network here, and the others by {self.way!r}: numbers differ in their last places"
            )

    def prepare(self, view: Tensor) -> Tensor:
        return (view.float() / 255 - self.mean) / self.std


def is_own(weights: str | None) -> bool:
    """Return whether these weights are the user's: drawn, or from a file."""
    return weights is not None and (weights == "random" or is_file(weights))


def draw_weights(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build the network with the random weights of this seed; no other random numbers change."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def fill(
    network: nn.Module, weights: str, labels: int, near: Callable[[dict[str, Tensor]], str] | None = None
) -> str:
    """Load a file into a network that answers with so many labels; return what a person should be told of it.

    Where it does not fit, `near` adds to the sentence which networks it is near to.
    """
    own = network.state_dict()
    state, note = by_own_names(own, read_weights(weights), weights)
    answers = {
        len(state[name])
        for name in own
        if name in state
        and own[name].ndim == state[name].ndim > 0
        and len(own[name]) == labels != len(state[name])
    }
    if len(answers) == 1 and state.keys() == own.keys():
        raise SettingError(
            f"classifier.labels has {labels} labels, but {weights} answers with {answers.pop()}; "
            "classifier.labels=FILE needs one label a line, in the order of the network's answers"
        )
    try:
        fit(network, state, weights)
    except SettingError as error:
        raise SettingError(f"{error}{near(state) if near else ''}") from None
    return note


def own_weights(network: nn.Module, weights: str | None, labels: int, model: str) -> str:
    """Load a file into a network of which none is shipped; `random` leaves it as it was drawn.

    Return what a person should be told of the file.
    """
    if weights is None or not is_own(weights):
        raise SettingError(
            f"classifier.weights must be random or a file (.pth, .safetensors) for classifier={model}, got {weights}; "
            f"none is shipped, and `emocam task=train classifier={model} classifier.weights=random data=...` leaves one"
        )
    return fill(network, weights, labels) if weights != "random" else ""


def check_own_weights(values: Values | None, weights: str | None) -> None:
    """Refuse values of a library's own weights, which answer with labels."""
    if values is not None and not is_own(weights):
        raise SettingError(
            "classifier.values needs weights that answer with these values, and the library's own answer with "
            "labels; give classifier.weights=FILE of a network that was trained on them, or random to try the way"
        )


def check_count(labels: list[str], answers: int, whose: str) -> None:
    """Check the labels of a library's own weights, which answer with as many as they were trained on."""
    if len(labels) != answers:
        raise SettingError(
            f"classifier.labels has {len(labels)} labels, but {whose} answers with {answers}; "
            "give classifier.weights of your own, or leave the labels away"
        )
