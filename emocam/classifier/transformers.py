"""An image classifier of Hugging Face's transformers, with its own labels and preprocessing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor, nn

from emocam.classifier.library import LibraryClassifier, Preprocessing, draw_weights, fill, is_own
from emocam.errors import SettingError
from emocam.network.labels_file import read_labels
from emocam.network.outputs import picked_logits
from emocam.network.weights import is_file
from emocam.settings.read_files import noted
from emocam.view.base import View
from emocam.view.crops import CentreCrop, Stretch

EXTRA = "pip install 'emocam[transformers]'"
MANY = "multi_label_classification"
WHOLE_FROM = 384
"""The side from which ConvNeXT's preprocessing shows pictures whole."""
APART = 0.02
"""The mean difference, of values in [0, 1], up to which two resizings of a picture are the same."""


class PictureLogits(nn.Module):
    """The logits (B, L) of a model of transformers, which answers with a record."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return picked_logits(self.model(pixel_values=x))


class TransformersClassifier(LibraryClassifier):
    """`model` is a name on the hub or a folder of `save_pretrained`; no code of theirs is run.

    `weights` is null for its own, `random` (drawn from `seed`) or a file. Models of many labels say so themselves
    (`many` null).
    """

    def __init__(
        self,
        model: str | None = None,
        layer: str | None = None,
        weights: str | None = None,
        labels: str | None = None,
        many: bool | None = None,
        seed: int = 0,
    ) -> None:
        if model is None:
            raise SettingError(
                "classifier.model is not set; classifier=transformers needs classifier.model=ORG/NAME or a folder"
            )
        library, model = _library(), _place(model)
        folder = _folder(model)
        config = _read(lambda: library.AutoConfig.from_pretrained(model, **folder), model)
        build = library.AutoModelForImageClassification
        network: nn.Module
        note = ""
        if weights is None:
            network = _read(lambda: build.from_pretrained(model, use_safetensors=True, **folder), model)
        elif is_own(weights):
            network = draw_weights(lambda: _read(lambda: build.from_config(config), model), seed)
            note = fill(network, weights, config.num_labels) if is_file(weights) else ""
        else:
            raise SettingError(
                f"classifier.weights must be null, random or a file for classifier=transformers, got {weights}"
            )
        network.float()
        processor = _read(lambda: library.AutoImageProcessor.from_pretrained(model, **folder), model)
        asked = layer if layer is None or layer.startswith("model.") else f"model.{layer}"
        several = config.problem_type == MANY if many is None else many
        preprocessing = preprocessing_of_processor(processor, model)
        names = _labels(config, labels)
        whole = PictureLogits(network)
        super().__init__(whole, names, preprocessing, asked, model, weights, many=several)
        self.weights_note = note


def blank_network(model: str) -> tuple[nn.Module, tuple[int, int]]:
    """Return the network of a folder or of a name on the hub with random weights, and the size of its pictures."""
    library, model = _library(), _place(model)
    folder = _folder(model)
    config = _read(lambda: library.AutoConfig.from_pretrained(model, **folder), model)
    network = _read(lambda: library.AutoModelForImageClassification.from_config(config), model)
    processor = _read(lambda: library.AutoImageProcessor.from_pretrained(model, **folder), model)
    return PictureLogits(network.float()), preprocessing_of_processor(processor, model).size


def _library() -> Any:
    try:
        import transformers
    except ImportError:
        raise SettingError(
            f"classifier=transformers needs a package that is not installed: {EXTRA}"
        ) from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def _place(model: str) -> str:
    """Return a name of the hub as it is, and a folder without a tilde."""
    folder = Path(model).expanduser()
    return str(folder) if folder.is_dir() else model


def _folder(model: str) -> dict[str, Any]:
    """Return how a model is read: of a folder its own files alone, each of which is noted."""
    folder = Path(model)
    if not folder.is_dir():
        return {"trust_remote_code": False}
    for file in sorted(folder.iterdir()):
        if file.is_file():
            noted(file)
    return {"trust_remote_code": False, "local_files_only": True}


def _read(opened: Callable[[], Any], model: str) -> Any:
    try:
        return opened()
    except Exception as error:  # of whichever client fetches or reads
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise SettingError(
            f"classifier.model: {model} could not be read as an image classifier of transformers ({reason}); expected "
            "ORG/NAME on the hub or a folder of save_pretrained, with config.json, preprocessor_config.json and "
            "model.safetensors"
        ) from None


def _labels(config: Any, labels: str | None) -> list[str]:
    own = [str(config.id2label[place]) for place in range(config.num_labels)]
    names = own if labels is None else read_labels(labels)
    if config.num_labels == 1 and len(names) == 1:
        return [f"not {names[0]}", names[0]]
    answers = max(2, config.num_labels)
    if len(names) != answers:
        raise SettingError(
            f"classifier.labels has {len(names)} labels, but the model answers with {answers}; leave it away to take "
            "the model's own"
        )
    twice = {name for name in names if names.count(name) > 1}
    return [f"{name} ({place})" if name in twice else name for place, name in enumerate(names)]


def preprocessing_of_processor(processor: Any, model: str) -> Preprocessing:
    """Return what a processor does with a picture, tried on one: a processor that does more is refused."""
    told = processor.to_dict()
    try:
        view, size = _view(told)
        mean, std = (
            [float(value) for value in told[name]] if told.get("do_normalize", True) else [fallback] * 3
            for name, fallback in (("image_mean", 0.0), ("image_std", 1.0))
        )
        picture = _smooth_picture()
        theirs = processor(images=picture, return_tensors="pt")["pixel_values"][0]
        ours = (view(picture)[0].float() / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[
            :, None, None
        ]
        apart = float(((ours - theirs).abs() * torch.tensor(std)[:, None, None]).mean())
        if not apart <= APART:
            raise ValueError(f"pictures differ by {apart:.2f}")
    except Exception as error:
        kind = type(processor).__name__
        raise SettingError(
            f"classifier.model: {model} prepares pictures by {kind}, in a way that is not known here "
            f"({str(error)[:120] or type(error).__name__}); a classifier of your own can name it as its view"
        ) from None
    return Preprocessing(view, size, mean, std)


def _view(told: dict[str, Any]) -> tuple[View, tuple[int, int]]:
    """Return the crop or stretch that a processor's settings describe, and its size."""
    if not told.get("do_resize", True):
        raise ValueError("pictures are not resized")
    size, filter = told["size"], Resampling(told.get("resample", 2))
    crop = told.get("crop_size") if told.get("do_center_crop") else None
    if "shortest_edge" not in size:
        whole = size["height"], size["width"]
        if crop and (crop["height"], crop["width"]) != whole:
            raise ValueError("a part of the stretched picture is taken")
        return Stretch(whole, filter), whole
    edge = size["shortest_edge"]
    if told.get("crop_pct"):
        square = edge, edge
        whole_picture = edge >= WHOLE_FROM
        return (
            Stretch(square, filter)
            if whole_picture
            else CentreCrop(int(edge / told["crop_pct"]), square, filter)
        ), square
    if not crop:
        raise ValueError("pictures keep their proportions, so their sizes differ")
    middle = crop["height"], crop["width"]
    return CentreCrop(edge, middle, filter), middle


def _smooth_picture() -> Image.Image:
    """Return a picture of slow colours, wider than high, in which any other crop or stretch shows."""
    coarse = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((420, 300), Resampling.BICUBIC)
