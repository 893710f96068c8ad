"""A plain torch module as a classifier, for as long as it is borrowed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.network.cut import cut
from emocam.network.layers import find_layer, spatial_layers


@contextmanager
def state_restored(model: nn.Module) -> Iterator[None]:
    """Whatever happens inside, modes and wishes for gradients are afterwards as they were."""
    modes = [(module, module.training, getattr(module, "inplace", None)) for module in model.modules()]
    wishes = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        yield
    finally:
        for module, training, inplace in modes:
            module.training = training
            if inplace is not None:
                module.inplace = inplace  # type: ignore[assignment]
        for parameter, wished in wishes:
            parameter.requires_grad_(wished)


class OwnModel(Classifier):
    """A module cut at `layer`; it is frozen, so lend it within `state_restored`.

    Its inputs come prepared. `grey` (C,) is what a middle grey is among them; `dry` (2, C, H, W) are
    two different inputs.
    """

    grey: Tensor

    def __init__(
        self, model: nn.Module, labels: list[str] | None, layer: str | None, dry: Tensor, grey: Tensor
    ) -> None:
        super().__init__()
        self.add_module("network", model)
        self.freeze()
        answers = logits_of(model, dry).shape[1]
        if labels is not None and len(labels) != answers:
            raise SettingError(
                f"labels must name each of the model's {answers} logits, got {len(labels)} names"
            )
        self.labels = [str(number) for number in range(answers)] if labels is None else labels
        self.register_buffer("grey", grey.to(dry), persistent=False)
        try:
            found = find_layer(spatial_layers(model, dry), layer, type(model).__name__)
        except SettingError as error:  # here it is no setting of a classifier, but an argument
            said, _, _ = str(error).removeprefix("classifier.").partition(" (emocam layers")
            raise SettingError(said) from None
        self.layer = found.name
        self.features, self.head = cut(model, found, dry)
        del self.network  # the two parts hold its modules

    def prepare(self, view: Tensor) -> Tensor:
        """Whoever asks has a grey view: pictures come prepared."""
        return self.grey[None, :, None, None].expand(view.shape)


def logits_of(model: nn.Module, x: Tensor) -> Tensor:
    """What the model answers, if it is logits (B, L)."""
    try:
        with torch.no_grad():
            found = model(x)
    except Exception as error:
        shape = " x ".join(str(side) for side in x.shape[1:])
        reason = " ".join(str(error).split())[:200]
        raise SettingError(
            f"the model cannot take inputs of {shape} ({reason}); give transform=, a callable that makes of a "
            "PIL picture the tensor (C, H, W) that the model takes, or such tensors as images"
        ) from error
    if not isinstance(found, Tensor) or found.ndim != 2 or found.shape[1] < 2:
        shape = f"of shape {tuple(found.shape)}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
        raise SettingError(
            f"the model must give logits (B, L) of at least two labels, got {shape}; wrap it in a module "
            "whose forward picks them (of one logit z: torch.cat([-z, z], 1) / 2)"
        )
    return found


def layer_name(model: nn.Module, layer: str | nn.Module | None) -> str | None:
    """A module by its name in the model."""
    if layer is None or isinstance(layer, str):
        return layer
    if not isinstance(layer, nn.Module):
        raise TypeError(f"layer must be a name or a module of the model, got {type(layer).__name__}")
    for name, module in model.named_modules():
        if module is layer:
            return name
    raise SettingError(f"layer must be a module of the model, and this {type(layer).__name__} is none of its")
