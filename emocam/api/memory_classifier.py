"""A model in memory as the classifier of a whole corpus."""

import copy
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms._presets import ImageClassification

from emocam.api.inputs import IMAGENET, Transform
from emocam.api.own_model import layer_name, logits_of, names_for
from emocam.classifier.base import Classifier
from emocam.classifier.in_memory import InMemory
from emocam.classifier.library import LibraryClassifier, Preprocessing
from emocam.classifier.torchvision import preset_preprocessing
from emocam.errors import SettingError
from emocam.network.outputs import has_one_output
from emocam.network.weights import fingerprint
from emocam.view.measured import MeasuredView

PROBE = (640, 480)
"""The size of the picture that a transform is tried on."""


class MemoryClassifier(LibraryClassifier):
    """A copy of a model, cut at `layer`; the model itself stays as it is, wherever it lies.

    With a transform of a person's own the views are the network's inputs already.
    """

    grey: Tensor

    def __init__(
        self, model: nn.Module, labels: Sequence[str] | None, layer: str | None, transform: Transform | None
    ) -> None:
        preprocessing = _preprocessing(model, transform)
        network = _copied(model)
        name = type(model).__name__
        view = preprocessing.view
        logits = logits_of(network, torch.rand(2, len(preprocessing.mean), *preprocessing.size))
        given = None if labels is None else _names(labels)
        names = names_for(logits.shape[1], given, has_one_output(logits))
        super().__init__(network, names, preprocessing, layer, name)
        self.transform = view if isinstance(view, MeasuredView) else None
        grey = _grey(view) if isinstance(view, MeasuredView) else torch.zeros(len(preprocessing.mean))
        self.register_buffer("grey", grey, persistent=False)

    def prepare(self, view: Tensor) -> Tensor:
        if self.transform is None:
            return super().prepare(view)
        # of uint8 there is only the grey that a method covers pictures with
        return view if view.is_floating_point() else self.grey[None, :, None, None].expand(view.shape)


def memory_classifier(
    model: nn.Module,
    labels: Sequence[str] | None,
    layer: str | nn.Module | None,
    transform: Transform | None,
) -> Classifier:
    """Return a model as a classifier on the processor; a classifier of emocam is copied as it is."""
    if not isinstance(model, Classifier):
        return MemoryClassifier(model, labels, layer_name(model, layer), transform)
    if layer is not None or labels is not None or transform is not None:
        raise SettingError(
            "a classifier of emocam has its layer, labels and transform; leave layer, labels and transform out"
        )
    return _copied(model).freeze()  # type: ignore[operator,no-any-return]


def recorded(classifier: Classifier, model: nn.Module) -> dict[str, Any]:
    """Return the settings that describe a model in memory, for the run's keys and for whoever reads them."""
    network = f"{model}\n{type(model).__module__}.{type(model).__qualname__}"
    return {
        "_target_": f"{InMemory.__module__}.{InMemory.__name__}",
        "model": type(model).__name__,
        "layer": classifier.layer,
        "weights": f"sha256 {fingerprint(classifier)[:16]}",
        "network": hashlib.sha256(network.encode()).hexdigest()[:16],
        "view": re.sub(r" at 0x\w+", "", " ".join(repr(classifier.view).split())).replace("${", "$ {"),
        "labels": len(classifier.labels),
    }


def _copied(model: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(model).cpu().eval()
    except Exception as error:  # of whatever the model's own attributes hold
        reason = " ".join(str(error).split())[:160]
        raise SettingError(
            f"the model cannot be copied ({reason}), and a run over a corpus works on a copy; give a model whose "
            "attributes are modules and tensors"
        ) from None


def _names(labels: Sequence[str]) -> list[str]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        given = "one text" if isinstance(labels, str) else type(labels).__name__
        raise TypeError(f"labels must be a list of names, got {given}")
    names = [str(name) for name in labels]
    if twice := next((name for place, name in enumerate(names) if name in names[:place]), None):
        raise SettingError(f"labels needs one different name a logit, but {twice!r} stands twice")
    return names


def _preprocessing(model: nn.Module, transform: Transform | None) -> Preprocessing:
    """Return the given transform's, else the model's own, else the usual one of ImageNet."""
    if transform is None:
        if not hasattr(model, "pretrained_cfg"):
            return IMAGENET
        from emocam.classifier.timm import preprocessing_of  # an extra

        return preprocessing_of(model)
    if not callable(transform):
        raise TypeError(f"transform must be callable, got {type(transform).__name__}")
    if isinstance(transform, ImageClassification) and len(transform.resize_size) == 1:
        return preset_preprocessing(transform)
    view = MeasuredView(transform)
    x = transform(Image.new("RGB", PROBE, (90, 120, 150)))
    if not isinstance(x, Tensor) or x.ndim != 3 or not x.is_floating_point():
        got = f"{x.dtype} {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise SettingError(
            f"transform must make of a PIL picture what the model takes, floating point (C, H, W), got {got}"
        )
    view(Image.new("RGB", PROBE))  # so that a mistake is told before the work
    channels, height, width = x.shape
    return Preprocessing(view, (height, width), (0.0,) * channels, (1.0,) * channels)


def _grey(view: MeasuredView) -> Tensor:
    """Return the input (C,) of a middle grey."""
    return view.transform(Image.new("RGB", PROBE, (128, 128, 128))).float().mean((-2, -1))
