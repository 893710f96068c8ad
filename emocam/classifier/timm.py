"""Any classifier of timm, cut at any layer."""

from collections import Counter
from collections.abc import Mapping
from math import floor
from typing import Any

import timm
from PIL.Image import Resampling
from timm.data import ImageNetInfo, infer_imagenet_subset, resolve_model_data_config
from timm.models import PretrainedCfg
from torch import nn
from torchvision.models import ResNet18_Weights

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
from emocam.network.probe_head import read_head
from emocam.network.trained import labels_if_named, labels_of, read_trained
from emocam.network.values import Asked, settle_values
from emocam.network.weights import is_file
from emocam.view.base import View
from emocam.view.crops import Border, CentreCrop, Cover, Squash

FILTERS = {"bilinear": Resampling.BILINEAR, "bicubic": Resampling.BICUBIC, "nearest": Resampling.NEAREST}


class TimmClassifier(LibraryClassifier):
    """`model` by timm's name, also with a tag, and with the preprocessing of its data config.

    `weights` is a file, `random` (drawn from `seed`), one of timm's tags for the model, or null for
    its default.
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
    ) -> None:
        probe = read_head(head, labels, values)
        values = False if probe else values
        name = _tagged(model, weights)
        named = labels is not None or read_trained(weights) is not None
        own = is_own(weights)
        found = settle_values(values, weights if own else None, labels_if_named(weights, labels))
        check_own_weights(found, weights)
        names = list(found.names) if found else labels_of(weights, labels, None if named else _names(name))
        if not own:
            check_count(names, _config(name).num_classes, f"timm's {name}")
        network = (
            draw_weights(lambda: timm.create_model(name, num_classes=len(names)), seed)
            if own
            else _fetch(name)
        )
        note = ""
        if own and weights is not None and is_file(weights):
            note = fill(network, weights, len(names))
        super().__init__(
            network, names, preprocessing_of(network), layer, name, weights, adjust, found, probe
        )
        self.weights_note = note


def _tagged(model: str, weights: str | None) -> str:
    """Return the model's name, with the tag of the weights where one is named."""
    architecture, _, tag = model.partition(".")
    if not timm.is_model(architecture):
        raise SettingError(
            f"classifier.model {model!r} is not in timm; {nearest(architecture, timm.list_models())}"
        )
    setting = "classifier.model"
    if weights is not None and not is_own(weights):
        setting, tag = "classifier.weights", weights
    known = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in known:
        raise SettingError(
            f"{setting} {tag!r} is no tag of timm's {architecture}; {nearest(tag, ['random', *known])}"
        )
    return f"{architecture}.{tag}" if tag else architecture


def _config(name: str) -> PretrainedCfg:
    """Return what timm knows about the weights of a model's name."""
    config = timm.get_pretrained_cfg(name)
    assert config is not None, f"timm lists {name} and knows nothing about it"
    return config


def _names(name: str) -> list[str]:
    """Return ImageNet's names, each once; those of its 1000 classes are the same as torchvision's."""
    outputs = _config(name).num_classes
    if outputs == 1000:
        return list(ResNet18_Weights.DEFAULT.meta["categories"])
    subset = infer_imagenet_subset({"num_classes": outputs})
    if subset is None:
        raise SettingError(
            f"classifier.labels is not set, and timm has no names for the {outputs} outputs of {name}; "
            "give a text file with one label a line, and classifier.weights of your own where they are others"
        )
    info = ImageNetInfo(subset)
    described = info.label_descriptions()
    times = Counter(described)
    synsets = zip(described, info.label_names(), strict=True)
    return [text if times[text] == 1 else f"{text} ({synset})" for text, synset in synsets]


def _fetch(name: str) -> nn.Module:
    if not _config(name).has_weights:
        raise SettingError(
            f"classifier.weights: timm has none for {name}; give a file with classifier.weights=FILE.pth, "
            "or try the way with classifier.weights=random"
        )
    try:
        return timm.create_model(name, pretrained=True)
    except Exception as error:  # of whichever client timm fetches with
        reason = str(error).strip().splitlines()
        raise SettingError(
            f"classifier.weights: timm's {name} could not be fetched "
            f"({reason[0][:160] if reason else type(error).__name__}); give a file with "
            "classifier.weights=FILE.pth, or try the way with classifier.weights=random"
        ) from None


def preprocessing_of(network: nn.Module) -> Preprocessing:
    """Return what a network of timm knows of its own inputs."""
    config = resolve_model_data_config(network)
    _, height, width = config["input_size"]
    size = (height, width)
    return Preprocessing(_view(config, size), size, config["mean"], config["std"])


def _view(config: Mapping[str, Any], size: tuple[int, int]) -> View:
    """Return the configured one of timm's three ways to crop."""
    filter = FILTERS[config["interpolation"]]
    resize = floor(size[0] / config["crop_pct"]), floor(size[1] / config["crop_pct"])
    if config["crop_mode"] == "squash":
        return Squash(resize, size, filter)
    if config["crop_mode"] == "border":
        red, green, blue = (round(255 * value) for value in config["mean"])
        return Border(resize, size, (red, green, blue), filter)
    return CentreCrop(resize[0], size, filter) if size[0] == size[1] else Cover(resize, size, filter)
