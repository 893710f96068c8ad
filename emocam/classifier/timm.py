"""Any classifier of timm, cut at any layer."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from math import floor
from pathlib import Path
from typing import Any

import timm
from PIL.Image import Resampling
from timm.data import ImageNetInfo, infer_imagenet_subset, resolve_model_data_config
from timm.models import PretrainedCfg
from torch import Tensor, nn
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
from emocam.network.labels_file import read_labels
from emocam.network.near_networks import alike_first, near_networks
from emocam.network.probe_head import read_head
from emocam.network.trained import labels_if_named, labels_of, read_trained
from emocam.network.values import Asked, settle_values
from emocam.network.weights import is_file
from emocam.settings.read_files import noted
from emocam.view.base import View
from emocam.view.crops import Border, CentreCrop, Cover, Squash

HUBS = ("hf-hub:", "hf_hub:", "local-dir:")
FILTERS = {"bilinear": Resampling.BILINEAR, "bicubic": Resampling.BICUBIC, "nearest": Resampling.NEAREST}


class TimmClassifier(LibraryClassifier):
    """`model` by timm's name, also with a tag, and with the preprocessing of its data config.

    `hf-hub:ORG/NAME` is one of Hugging Face's hub, `local-dir:FOLDER` a folder of the kind; they name their labels.

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
        many: bool = False,
    ) -> None:
        if _is_hub(model):
            network, names, note = _of_hub(model, weights, labels, seed)
            super().__init__(
                network, names, preprocessing_of(network), layer, model, weights, adjust, many=many
            )
            self.weights_note = note
            return
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
            note = fill(network, weights, len(names), partial(_near, name))
        super().__init__(
            network, names, preprocessing_of(network), layer, name, weights, adjust, found, probe, many
        )
        self.weights_note = note


def _near(model: str, state: dict[str, Tensor]) -> str:
    return near_networks(state, timm.create_model, alike_first(model, timm.list_models()), model)


def _is_hub(model: str) -> bool:
    return model.startswith(HUBS)


def _of_hub(
    model: str, weights: str | None, labels: str | None, seed: int
) -> tuple[nn.Module, list[str], str]:
    """Return a network of the hub or of a folder, its labels, and what a person should be told of its weights."""
    source, _, place = model.partition(":")
    if source == "local-dir" and (folder := Path(place).expanduser()).is_dir():
        for file in sorted(folder.iterdir()):
            if file.is_file():
                noted(file)
    if weights is not None and not is_own(weights):
        raise SettingError(f"classifier.weights must be null, random or a file for {model}, got {weights}")
    network = draw_weights(lambda: hub_network(model, weights is None), seed)
    config: Mapping[str, Any] = network.pretrained_cfg  # type: ignore[assignment]
    answers = int(config["num_classes"])
    names = list(config.get("label_names") or [])
    if labels is not None:
        names = read_labels(labels)
    elif not names and answers == 1000:
        names = list(ResNet18_Weights.DEFAULT.meta["categories"])
    if len(names) != answers:
        raise SettingError(
            f"classifier.labels: {model} answers with {answers} and {len(names)} labels are named; give a text file "
            "with one label a line, in the order of the answers"
        )
    note = fill(network, weights, answers) if weights is not None and is_file(weights) else ""
    return network, names, note


def hub_network(model: str, weights: bool) -> nn.Module:
    """Return a network of the hub or of a folder, with its own weights or with random ones."""
    source, _, place = model.partition(":")
    if source == "local-dir":
        model = f"{source}:{Path(place).expanduser()}"
    try:
        return timm.create_model(model, pretrained=weights)
    except Exception as error:  # of whichever client timm fetches with
        raise _not_fetched(model, error, "classifier.model") from None


def _not_fetched(name: str, error: Exception, setting: str = "classifier.weights") -> SettingError:
    reason = str(error).strip().splitlines()
    return SettingError(
        f"{setting}: timm's {name} could not be fetched "
        f"({reason[0][:160] if reason else type(error).__name__}); give a file with "
        "classifier.weights=FILE.pth, or try the way with classifier.weights=random"
    )


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
        raise _not_fetched(name, error) from None


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
