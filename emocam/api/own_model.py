"""A plain torch module as a classifier, for as long as it is explained."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from emocam.api.known_model import known_parts
from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.network.answers import CONSTANT, answers_alike
from emocam.network.layers import Layer, find_layer, spatial_layers
from emocam.network.outputs import has_one_output, picked_logits


@contextmanager
def state_restored(model: nn.Module) -> Iterator[None]:
    """Restore all modes and `requires_grad` flags at the end, whatever happens inside."""
    modes = [(module, module.training, getattr(module, "inplace", None)) for module in model.modules()]
    flags = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        yield
    finally:
        for module, training, inplace in modes:
            module.training = training
            if inplace is not None:
                module.inplace = inplace  # type: ignore[assignment]
        for parameter, requires_grad in flags:
            parameter.requires_grad_(requires_grad)


class OwnModel(Classifier):
    """A module cut at `layer`; it is frozen, so use it within `state_restored`.

    Its inputs come prepared. `grey` (C,) is a middle grey among them; `dry` (2, C, H, W) are
    two different inputs.
    """

    grey: Tensor

    def __init__(
        self, model: nn.Module, labels: list[str] | None, layer: str | None, dry: Tensor, grey: Tensor
    ) -> None:
        super().__init__()
        self.add_module("network", model)
        self.freeze()

        def find() -> tuple[int, Layer]:
            logits = logits_of(model, dry)
            if answers_alike(logits):
                warnings.warn(CONSTANT, stacklevel=2)
            return logits.shape[1], _find(model, layer, dry)

        logits, place, features, head = known_parts(model, layer, dry, find)
        one_name = labels is not None and len(labels) == 1
        self.labels = names_for(logits, labels, one_name and has_one_output(logits_of(model, dry)))
        self.register_buffer("grey", grey.to(dry), persistent=False)
        self.layer = place.name
        self.features, self.head = features, head
        del self.network  # the two parts hold its modules

    def prepare(self, view: Tensor) -> Tensor:
        """Return grey inputs: only a grey view is ever prepared here, since pictures come prepared."""
        return self.grey[None, :, None, None].expand(view.shape)


def _find(model: nn.Module, layer: str | None, dry: Tensor) -> Layer:
    """Return the named layer, or the default one."""
    try:
        return find_layer(spatial_layers(model, dry), layer, type(model).__name__)
    except SettingError as error:  # here it is no setting of a classifier, but an argument
        sentence, _, _ = str(error).removeprefix("classifier.").partition(" (emocam layers")
        raise SettingError(sentence) from None


def logits_of(model: nn.Module, x: Tensor) -> Tensor:
    """Return the logits (B, L) in the model's output, or raise; of one output there are two."""
    try:
        with torch.no_grad():
            output = model(x)
    except Exception as error:
        shape = " x ".join(str(side) for side in x.shape[1:])
        reason = " ".join(str(error).split())[:200]
        raise SettingError(
            f"the model cannot take inputs of {shape} ({reason}); give transform=, a callable that makes of a "
            "PIL picture the tensor (C, H, W) that the model takes, or such tensors as images"
        ) from error
    try:
        return picked_logits(output)
    except SettingError:
        shape = (
            f"of shape {tuple(output.shape)}" if isinstance(output, Tensor) else f"a {type(output).__name__}"
        )
        raise SettingError(
            f"the model must give logits (B, L), alone or as `logits` of a dictionary or record, got {shape}; wrap it "
            "in a module whose forward picks them"
        ) from None


def names_for(logits: int, labels: list[str] | None, one_output: bool) -> list[str]:
    """Return the labels of so many logits; of one output a single name is that of the answer yes."""
    if labels is None:
        return [str(number) for number in range(logits)]
    if one_output and len(labels) == 1:
        return [f"not {labels[0]}", labels[0]]
    if len(labels) != logits:
        raise SettingError(f"labels must name each of the model's {logits} logits, got {len(labels)} names")
    return labels


def layer_name(model: nn.Module, layer: str | nn.Module | None) -> str | None:
    """Return a layer's name in the model; a name as it is."""
    if layer is None or isinstance(layer, str):
        return layer
    if not isinstance(layer, nn.Module):
        raise TypeError(f"layer must be a name or a module of the model, got {type(layer).__name__}")
    for name, module in model.named_modules():
        if module is layer:
            return name
    raise SettingError(f"layer must be a module of the model, and this {type(layer).__name__} is none of its")
