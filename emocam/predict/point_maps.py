"""The attribution of each sequence as a map over its picture: a point's weight lies where the point is drawn."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from emocam.attribution.base import Attribution, LabelledPoints
from emocam.attribution.ig import IntegratedGradients
from emocam.cam.base import CAM, ForwardPass
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.data.point_picture import cell_points, drawn_peak
from emocam.functional.map.maps import normalise
from emocam.predict.point_corpus import read_point_corpus
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.points import KEY

GRID = 64
MOST_REFERENCE = 1000
"""Sequences from the start of the listing that baselines are made of."""


def point_maps(
    data: Data, listing: Sequence[str], method: Attribution | None, classifier: Classifier
) -> CAM | None:
    """Return what draws the attribution of a run; None for one that weighs points over a corpus alone."""
    if not isinstance(method, IntegratedGradients):
        return None
    # of the whole listing, so that all shards have the same baselines
    corpus = read_point_corpus(data, classifier.view, data.paths()[: data.limit][:MOST_REFERENCE])
    names = corpus.truth
    if not any(names):
        with torch.no_grad():
            answers = classifier(classifier.prepare(corpus.x)).argmax(-1).tolist()
        names = [classifier.labels[number] for number in answers]
    return PointMaps(data, listing, method, corpus.labelled(classifier.labels, names))


class PointMaps(CAM):
    """Maps (B, GRID, GRID): each cell has the positive weight of the point that is drawn nearest, if one is near."""

    def __init__(
        self, data: Data, listing: Sequence[str], method: IntegratedGradients, reference: LabelledPoints
    ) -> None:
        super().__init__()
        self.data, self.listing, self.method, self.reference = data, listing, method, reference

    def forward_pass(
        self, classifier: Classifier, batch: Batch, regions: Detections | None = None
    ) -> ForwardPass:
        forward = super().forward_pass(classifier, batch, regions)
        self.places = batch.index.tolist()
        return forward

    def maps(self, forward: ForwardPass) -> Tensor:
        drawn = []
        for place, weights in zip(self.places, self.weights(forward), strict=True):
            sequence = self.data.open(self.listing[place]).image.info[KEY]
            owner = torch.from_numpy(cell_points(drawn_peak(sequence)[1], GRID))
            drawn.append(torch.where(owner >= 0, weights[owner.clamp(min=0)], 0.0))
        return normalise(torch.stack(drawn))

    def weights(self, forward: ForwardPass) -> Tensor:
        """Return the weights of the points (B, P) for the answer of each sequence."""
        found = torch.zeros(len(forward.x), forward.x.shape[-1])
        for label in torch.unique(forward.target).tolist():
            own = forward.target == label
            found[own] = self.method.of_sequences(
                label_score(forward.classifier, label), forward.x[own], label, self.reference
            )[0]
        return found


def label_score(classifier: Classifier, label: int) -> Any:
    """Return what scores movements for one label alone, by its own network where that can be had."""
    own = getattr(classifier.head, "label_score", None)
    return own(label) if own is not None else lambda x: classifier(x)[:, label]
