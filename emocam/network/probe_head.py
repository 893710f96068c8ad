"""A linear head that `task=probe` fitted to what a network gives its last layer, and its place in that network."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.network.values import Asked, Values, read_values
from emocam.network.weights import read_metadata, read_weights, tensors_digest

NOT_LINEAR = (
    "classifier.head needs a network whose last layer is linear and gives its answers, and this one's is not"
)


@dataclass(frozen=True)
class ProbeHead:
    """Weights (L, C) and a bias (L) for features (C) of a network, the labels or values that they answer with.

    `view` is what the network was shown, `backbone` the digest of all its tensors but those of its last layer,
    `network` its name.
    """

    weight: Tensor
    bias: Tensor
    labels: list[str]
    values: Values | None
    view: str
    backbone: str
    network: str = ""

    def metadata(self) -> dict[str, str]:
        """Return what the head's file says beside its tensors."""
        told = {"labels": "\n".join(self.labels), "view": self.view, "backbone": self.backbone}
        told |= {"network": self.network, "probe": json.dumps(True)}
        return told | (self.values.metadata() if self.values else {})


def read_head(file: str | None, labels: str | None, values: Asked) -> ProbeHead | None:
    """Return the head of a file; None where none is named. It names its own labels or values."""
    if file is None:
        return None
    for setting, given in (("labels", labels), ("values", values)):
        if given is not None and given is not False:
            raise SettingError(
                f"classifier.head names what it answers with; leave classifier.{setting} away, or the head"
            )
    path = Path(str(file)).expanduser()
    state = read_weights(path, "classifier.head")
    metadata = read_metadata(path) if path.suffix == ".safetensors" else {}
    known = {"labels", "view", "backbone", "probe"} <= metadata.keys() and {"weight", "bias"} <= state.keys()
    if not known or state["weight"].ndim != 2 or state["bias"].shape != state["weight"].shape[:1]:
        raise SettingError(f"classifier.head: {path} is no head that task=probe left")
    names = metadata["labels"].split("\n")
    found = read_values(path)
    if len(names) != len(state["bias"]) or (found is not None and list(found.names) != names):
        raise SettingError(
            f"classifier.head: {path} does not name each of its {len(state['bias'])} answers once"
        )
    weight, bias = (state[name].float() for name in ("weight", "bias"))
    return ProbeHead(
        weight, bias, names, found, metadata["view"], metadata["backbone"], metadata.get("network", "")
    )


def answering_layer(modules: Iterable[nn.Module], answer: Callable[[], Tensor]) -> nn.Linear:
    """Return the linear layer whose output is the network's answer, found by answering once."""
    outputs: list[tuple[nn.Linear, Tensor]] = []

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        assert isinstance(layer, nn.Linear)
        outputs.append((layer, output))

    handles = [m.register_forward_hook(note) for m in modules if isinstance(m, nn.Linear)]
    try:
        with torch.no_grad():
            answers = answer()
    finally:
        for handle in handles:
            handle.remove()
    for layer, output in outputs[::-1]:
        if output.shape == answers.shape and torch.equal(output, answers):
            return layer
    raise SettingError(NOT_LINEAR)


def backbone_digest(state: Iterable[Tensor], layer: nn.Linear) -> str:
    """Return the digest of a network's tensors but those of its answering layer."""
    own = {layer.weight.data_ptr()} | ({layer.bias.data_ptr()} if layer.bias is not None else set())
    return tensors_digest(tensor for tensor in state if tensor.data_ptr() not in own)


@torch.no_grad()
def put_head(network: nn.Module, head: ProbeHead, view: str, dry: Tensor) -> None:
    """Make a network's last layer that head, tried on an input `dry` (2, c, H, W); refuse one of another network."""
    network.eval()
    layer = answering_layer(network.modules(), lambda: network(dry))
    if layer.in_features != head.weight.shape[1]:
        raise SettingError(
            f"classifier.head is of a network that gives its last layer {head.weight.shape[1]:,} numbers "
            f"({head.network}), and this one's are {layer.in_features:,}; take the classifier that it was fitted to"
        )
    if view != head.view or backbone_digest(network.state_dict().values(), layer) != head.backbone:
        raise SettingError(
            f"classifier.head was fitted to other weights, or another view, of {head.network or 'its network'} than "
            "this classifier's; take the classifier.model and classifier.weights that task=probe was given"
        )
    layer.weight = nn.Parameter(head.weight.clone(), requires_grad=layer.weight.requires_grad)
    layer.bias = nn.Parameter(head.bias.clone(), requires_grad=layer.weight.requires_grad)
    layer.out_features = len(head.bias)
