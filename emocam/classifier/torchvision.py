"""Any image classifier of torchvision, cut at any layer."""

from pathlib import Path
from typing import Any

import torch
from PIL.Image import Resampling
from torch import Tensor, nn
from torchvision import models

from emocam.classifier.base import Classifier
from emocam.classifier.cut import cut
from emocam.classifier.layers import find_layer, spatial_layers
from emocam.classifier.weights import fit, is_file, read_labels, read_weights
from emocam.errors import SettingError, nearest
from emocam.functional.views import CentreCrop

FILTERS = {"bilinear": Resampling.BILINEAR, "bicubic": Resampling.BICUBIC, "nearest": Resampling.NEAREST}


class TorchvisionClassifier(Classifier):
    """`model` by torchvision's name, with the preprocessing that comes with its weights.

    `weights` is a file, `random` (drawn from `seed`), one of torchvision's own names, or the
    library's default.
    """

    def __init__(
        self,
        model: str,
        layer: str | None = None,
        weights: str | None = None,
        labels: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        known = models.list_models(module=models)
        if model not in known:
            raise SettingError(f"classifier.model {model!r} is not in torchvision; {nearest(model, known)}")
        library = models.get_model_weights(model)
        entry = self._entry(library, weights, model)
        self.labels = list(entry.meta["categories"]) if labels is None else read_labels(labels)
        network = self._network(model, entry, weights, seed)
        self._preprocessing(entry.transforms())
        self._cut(network, layer, model)

    def _entry(self, library: Any, weights: str | None, model: str) -> Any:
        """Torchvision's record of a set of weights: its address, labels and preprocessing."""
        if weights is None or weights == "random" or is_file(weights):
            return library.DEFAULT
        names = [entry.name for entry in library]
        if weights not in names:
            choices = ["random", "a file (.pth, .safetensors)", *names]
            raise SettingError(
                f"classifier.weights {weights!r} is not of {model}; {nearest(weights, choices)}"
            )
        return library[weights]

    def _network(self, model: str, entry: Any, weights: str | None, seed: int) -> nn.Module:
        own = weights is not None and (weights == "random" or is_file(weights))
        if not own and len(self.labels) != len(entry.meta["categories"]):
            raise SettingError(
                f"classifier.labels has {len(self.labels)} labels, but {entry} answers with "
                f"{len(entry.meta['categories'])}; give classifier.weights of your own, or leave the labels away"
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = models.get_model(model, weights=None, num_classes=len(self.labels))
        if weights is not None and is_file(weights):
            fit(network, read_weights(Path(weights)), weights)
        elif not own:
            try:
                network.load_state_dict(
                    entry.get_state_dict(progress=True, check_hash=True, weights_only=True)
                )
            except OSError as error:
                raise SettingError(
                    f"classifier.weights: {entry} could not be fetched ({error}); give a file with "
                    "classifier.weights=FILE.pth, or try the way with classifier.weights=random"
                ) from None
        return network

    def _preprocessing(self, preset: Any) -> None:
        (resize,), crop = preset.resize_size, preset.crop_size
        self.view = CentreCrop(resize, (crop[0], crop[-1]), FILTERS[preset.interpolation.value])
        self.register_buffer("mean", torch.tensor(preset.mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(preset.std)[:, None, None], persistent=False)

    def _cut(self, network: nn.Module, layer: str | None, model: str) -> None:
        self.add_module("network", network)
        self.freeze()
        # two different pictures, so that a mix-up of the two would show
        dry = torch.rand(2, 3, *self.view.crop, generator=torch.Generator().manual_seed(0))
        found = find_layer(spatial_layers(network, dry), layer, model)
        self.layer = found.name
        self.features, self.head = cut(network, found, dry)
        del self.network  # the two parts hold its modules

    def prepare(self, view: Tensor) -> Tensor:
        return (view.float() / 255 - self.mean) / self.std
