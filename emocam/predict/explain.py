"""The step of every batch: predict, explain, detect, weigh."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pytorch_lightning as lightning
import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.completeness import read_checks
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.detector.base import Detector
from emocam.errors import SettingError
from emocam.functional.map.chance import Chance
from emocam.functional.map.features import channel_means
from emocam.importance.base import Importance
from emocam.importance.regions import region_chance
from emocam.network.answers import CONSTANT, probability_kind, unfit_weights
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.picture import Batch
from emocam.results.feature_table import feature_table
from emocam.results.tables import evidence_tables, refusal_table, thumbnail_table


@dataclass(frozen=True)
class OwnTables:
    """What a data set itself adds of images at places in a listing, as tables by name."""

    data: Data
    listing: Sequence[str]

    def __call__(self, predictions: pa.Table) -> dict[str, pa.Table]:
        index, image = predictions["index"], predictions["image"]
        tables = self.data.own_tables([self.listing[place] for place in index.to_pylist()])
        return {
            name: rows.add_column(0, "image", image).add_column(0, "index", index)
            for name, rows in tables.items()
        }


def check_weights(classifier: Classifier) -> None:
    """Raise the name of a weight that is no number: such a network can answer nothing."""
    if (name := unfit_weights(classifier)) is not None:
        raise SettingError(
            f"classifier.weights: the network's {name} holds NaN or infinity, so it can answer nothing; give "
            "weights whose training did not diverge"
        )


class Explain(lightning.LightningModule):
    """Gives *all* regions with their scores and importances; thresholds come last, elsewhere.

    One pass through the classifier and one through the detector serve all `cams`; without any, the
    pictures are only classified. With `features` the means of the explained layer's channels are kept.
    """

    def __init__(
        self,
        classifier: Classifier,
        detector: Detector,
        cams: Sequence[CAM],
        importance: Importance,
        features: bool = False,
    ) -> None:
        super().__init__()
        self.classifier, self.detector = classifier.freeze(), detector.eval()
        self.detecting = 0.0
        self.cams, self.importance = cams, importance
        self.features = features
        self.images = 0
        """How many are to come, where that is known: for few no trial of what is quicker pays."""
        self.answers_checked = False
        self.first_answer: Tensor | None = None
        self.answered = 0
        self.constant: Tensor | None = None
        """Whether all pictures were answered the same so far: asked on the device, and read once at the end."""

    def explain(
        self, batch: Batch, detections: Detections | None = None
    ) -> list[tuple[Prediction, Explanation | None]]:
        """Return prediction and explanation of each method, some of which ask for the regions.

        The pictures are classified once. The methods may ask about different labels.
        """
        if not self.cams:
            return self.classify(batch)
        forward = self.cams[0].forward_pass(self.classifier, batch, detections)
        self.check_answers(forward.logits)
        if self.classifier.many is not None:
            return self.explain_each_label(batch, forward)
        logits = forward.logits.detach()
        features = channel_means(forward.activation.detach()) if self.features else None
        answers: list[tuple[Prediction, Explanation | None]] = []
        targets = [cam.label_index(self.classifier.labels_asked) for cam in self.cams]
        several = {target for target in targets if target is not None}
        forward.together = sorted(several) if len(several) > 1 else ()
        for cam, target in zip(self.cams, targets, strict=True):
            asked = forward.asked_about(target)
            maps, window = cam.maps(asked), cam.windows(asked)
            found = self.classifier.prediction(logits, target, features)
            window = batch.classifier_window if window is None else window
            answers.append((found, Explanation(maps, window)))
        return answers

    def explain_each_label(
        self, batch: Batch, forward: ForwardPass
    ) -> list[tuple[Prediction, Explanation | None]]:
        """Return each method's prediction, and its maps for each label that a picture has (P, h, w)."""
        features = channel_means(forward.activation.detach()) if self.features else None
        found = self.classifier.prediction(forward.logits.detach(), features=features)
        image, label = found.pairs
        pairs = len(image)
        if not pairs:  # one is asked all the same, since what its map is like must be known
            image, label = torch.zeros_like(found.label[:1]), found.label[:1]
        asked = forward.of_pairs(image, label)
        answers: list[tuple[Prediction, Explanation | None]] = []
        for cam in self.cams:
            maps, window = cam.maps(asked), cam.windows(asked)
            window = batch.classifier_window[image] if window is None else window
            answers.append((found, Explanation(maps[:pairs], window[:pairs])))
        return answers

    @torch.no_grad()
    def classify(self, batch: Batch) -> list[tuple[Prediction, Explanation | None]]:
        """Return what `explain` does where no method looks."""
        x = self.classifier.prepare(batch.classifier_view)
        features: Tensor | None = None
        if self.features:
            activation, head = self.classifier.cut(x)
            logits, features = head(activation), channel_means(activation)
        else:
            logits = self.classifier(x)
        self.check_answers(logits)
        return [(self.classifier.prediction(logits, features=features), None)]

    def check_answers(self, logits: Tensor) -> None:
        """Refuse a network whose first answers (B, L) are probabilities: their logarithms' gradients mislead."""
        if len(logits):
            self.first_answer = logits[:1].detach() if self.first_answer is None else self.first_answer
            same = (logits.detach() == self.first_answer).all()
            self.constant = same if self.constant is None else self.constant & same
            self.answered += len(logits)
        kind = None if self.answers_checked else probability_kind(logits)
        self.answers_checked = True
        if kind is not None:
            raise SettingError(
                f"classifier: the network ends in a {kind}, so its answers are probabilities where logits are "
                f"expected; leave the {kind} out of its forward"
            )

    @property
    def notes(self) -> list[str]:
        """What a person should be told of the answers, once all were given."""
        return [CONSTANT] * (self.answered > 1 and bool(self.constant))

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> list[Evidence]:
        """Return the evidence of each method; none without an image that could be used."""
        if not len(batch):
            return []
        self.classifier.settle(batch.classifier_view, self.images)
        began = time.perf_counter()
        with torch.no_grad():
            detections = self.detector(batch)
        self.detecting += time.perf_counter() - began
        answers = self.explain(batch, detections)
        with torch.no_grad():
            return [self.weigh(batch, *answer, detections) for answer in answers]

    def on_predict_end(self) -> None:
        read_checks()
        self.detector.finish()

    def weigh(
        self, batch: Batch, prediction: Prediction, explanation: Explanation | None, detections: Detections
    ) -> Evidence:
        if prediction.many is not None:
            detections = detections.for_rows_of(prediction.pairs[0])
        importance: Tensor = torch.full_like(detections.score, torch.nan)
        chance: Chance | None = None
        if explanation is not None:
            importance = self.importance(explanation, detections)
            chance = region_chance(explanation, detections)
        renamed = self.classifier.renamed
        return Evidence(
            batch.paths,
            batch.index,
            prediction,
            explanation,
            detections,
            importance,
            batch.known if renamed is None else renamed.known(batch.known),
            chance=chance.anywhere if chance else None,
            chance_centre=chance.centred if chance else None,
            contents=batch.contents,
        )


def rows_of(
    evidence: list[Evidence],
    batch: Batch,
    method: int,
    labels: list[str],
    objects: list[str],
    own_tables: OwnTables | None = None,
) -> dict[str, pa.Table]:
    """Make the tables of one step and one method; without a usable image only the ledger, which says why.

    `own_tables` makes the data set's own.
    """
    found = evidence_tables(evidence[method], labels, objects) if evidence else {}
    if evidence and batch.thumbnail is not None:
        found["thumbnails"] = thumbnail_table(batch.thumbnail, found["predictions"], batch.index)
    if evidence and evidence[method].prediction.features is not None:
        found["features"] = feature_table(evidence[method], batch.classifier_view, found["predictions"])
    if evidence and own_tables is not None:
        found |= own_tables(found["predictions"])
    if batch.refusals:
        ledgers = [found["ledger"]] if found else []
        found["ledger"] = pa.concat_tables([*ledgers, refusal_table(batch.refusals)])
    return found
