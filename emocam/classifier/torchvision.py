"""Any image classifier of torchvision, cut at any layer."""

from functools import partial
from typing import Any

from PIL.Image import Resampling
from torch import Tensor, nn
from torchvision import models

from emocam.classifier.library import (
    LibraryClassifier,
    Preprocessing,
    check_count,
    check_own_weights,
    draw_weights,
    fill,
    is_own,
)
from emocam.errors import SettingError, nearest
from emocam.network.near_networks import alike_first, near_networks
from emocam.network.probe_head import read_head
from emocam.network.trained import labels_if_named, labels_of
from emocam.network.values import Asked, settle_values
from emocam.network.weights import is_file
from emocam.view.crops import CentreCrop

FILTERS = {"bilinear": Resampling.BILINEAR, "bicubic": Resampling.BICUBIC, "nearest": Resampling.NEAREST}
INCEPTIONS = ("googlenet", "inception_v3")


class TorchvisionClassifier(LibraryClassifier):
    """`model` by torchvision's name, with the preprocessing that comes with its weights.

    `weights` is a file, `random` (drawn from `seed`), one of torchvision's own names, or null for
    the library's default.
    """

    def __init__(
        self,
        model: str,
        layer: str | None = None,
        weights: str | None = None,
        labels: str | None = None,
        seed: int = 0,
        adjust: int = 0,
        values: Asked = None,
        head: str | None = None,
        many: bool = False,
    ) -> None:
        probe = read_head(head, labels, values)
        values = False if probe else values
        known = models.list_models(module=models)
        if model not in known:
            raise SettingError(f"classifier.model {model!r} is not in torchvision; {nearest(model, known)}")
        entry = _entry(model, weights)
        own = is_own(weights)
        found = settle_values(values, weights if own else None, labels_if_named(weights, labels))
        check_own_weights(found, weights)
        names = list(found.names) if found else labels_of(weights, labels, entry.meta["categories"])
        # their own preprocessing is the first step of these networks
        first = {"transform_input": True, "init_weights": True} if model in INCEPTIONS else {}
        network = draw_weights(
            lambda: models.get_model(model, weights=None, num_classes=len(names), **first), seed
        )
        note = ""
        if not own:
            check_count(names, len(entry.meta["categories"]), str(entry))
            _fetch(network, entry)
        elif weights is not None and is_file(weights):
            note = fill(network, weights, len(names), partial(_near, model, known))
        seen = preset_preprocessing(entry.transforms())
        super().__init__(network, names, seen, layer, model, weights, adjust, found, probe, many)
        self.weights_note = note


def _near(model: str, known: list[str], state: dict[str, Tensor]) -> str:
    return near_networks(state, models.get_model, alike_first(model, known), model)


def _entry(model: str, weights: str | None) -> Any:
    """Return torchvision's record of a set of weights: its address, labels and preprocessing."""
    library = models.get_model_weights(model)
    if weights is None or is_own(weights):
        return library.DEFAULT
    names = [entry.name for entry in library]
    if weights not in names:
        choices = ["random", "a file (.pth, .safetensors)", *names]
        raise SettingError(f"classifier.weights {weights!r} is not of {model}; {nearest(weights, choices)}")
    return library[weights]


def _fetch(network: nn.Module, entry: Any) -> None:
    try:
        network.load_state_dict(entry.get_state_dict(progress=True, check_hash=True, weights_only=True))
    except (OSError, RuntimeError) as error:
        raise SettingError(
            f"classifier.weights: {entry} could not be fetched ({error}); give a file with "
            "classifier.weights=FILE.pth, or try the way with classifier.weights=random"
        ) from None


def preset_preprocessing(preset: Any) -> Preprocessing:
    """Return what one of torchvision's presets for classification does to a picture."""
    (resize,), crop = preset.resize_size, preset.crop_size
    size = (crop[0], crop[-1])
    view = CentreCrop(resize, size, FILTERS[preset.interpolation.value])
    return Preprocessing(view, size, preset.mean, preset.std)
