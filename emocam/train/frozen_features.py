"""What a frozen network gives its last layer, of every picture: the features that a probe is fitted to."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.network.probe_head import answering_layer, backbone_digest
from emocam.predict.components import Components
from emocam.predict.stream import on_accelerator
from emocam.predict.workers import workers_of
from emocam.train.classifier import view_sample
from emocam.train.loop import InTurn, Part
from emocam.train.pictures import BATCH, PictureBatches, TrainingPictures


@torch.no_grad()
def last_features(
    components: Components, classifier: Classifier, pictures: TrainingPictures
) -> tuple[NDArray[np.float64], str]:
    """Return features (N, C) of the pictures, and the digest of the network that they come from."""
    data, count = components.data, len(pictures)
    sample = view_sample(pictures, data, classifier.view, 2)
    layer = answering_layer(classifier.modules(), lambda: classifier(classifier.prepare(sample)))
    digest = backbone_digest(classifier.file_state().values(), layer)
    device = torch.device("cuda" if on_accelerator(components.trainer) else "cpu")
    classifier.to(device)
    batches = Part(
        PictureBatches(pictures, np.ones(count, bool), data, classifier.view),
        InTurn(count, BATCH),
        0 if pictures.views is not None else workers_of(data, count),
    )
    rows: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        rows.append(inputs[0].flatten(1).cpu())

    handle = layer.register_forward_pre_hook(keep)
    try:
        for views, _ in batches.loader(False):
            classifier(classifier.prepare(views.to(device)))
    finally:
        handle.remove()
    features = torch.cat(rows).double().numpy()
    if not np.isfinite(features).all():
        raise SettingError(
            "classifier.weights: what the network gives its last layer holds NaN or infinity; give weights whose "
            "training did not diverge"
        )
    return features, digest
