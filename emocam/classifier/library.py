"""What all networks of libraries share: drawn or filled from a file, prepared, and cut at a layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.network.cut import cut
from emocam.network.layers import find_layer, spatial_layers
from emocam.network.packed_linear import packing
from emocam.network.weights import fit, is_file, read_weights
from emocam.view.base import View


@dataclass(frozen=True)
class Preprocessing:
    """A view of `size` (height, width), and what each channel in [0, 1] is shifted and divided by."""

    view: View
    size: tuple[int, int]
    mean: Sequence[float]
    std: Sequence[float]


class LibraryClassifier(Classifier):
    """A whole network with its preprocessing, cut at `layer`, or where a CAM looks by default."""

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        labels: list[str],
        preprocessing: Preprocessing,
        layer: str | None,
        model: str,
    ) -> None:
        super().__init__()
        self.labels, self.view = labels, preprocessing.view
        for name, values in (("mean", preprocessing.mean), ("std", preprocessing.std)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        self.add_module("network", network)
        packing(self.freeze())
        # two different pictures, so that a mix-up of the two would show
        generator = torch.Generator().manual_seed(0)
        dry = torch.rand(2, len(self.mean), *preprocessing.size, generator=generator)
        named = None if layer is None else str(layer)  # YAML reads the 2 of a Sequential as a number
        found = find_layer(spatial_layers(network, dry), named, model)
        self.layer = found.name
        self.features, self.head = cut(network, found, dry)
        del self.network  # the two parts hold its modules

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


def fill(network: nn.Module, weights: str, labels: int) -> None:
    """Load a file into a network that answers with so many labels."""
    state, own = read_weights(weights), network.state_dict()
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
    fit(network, state, weights)


def check_count(labels: list[str], answers: int, whose: str) -> None:
    """Check the labels of a library's own weights, which answer with as many as they were trained on."""
    if len(labels) != answers:
        raise SettingError(
            f"classifier.labels has {len(labels)} labels, but {whose} answers with {answers}; "
            "give classifier.weights of your own, or leave the labels away"
        )
