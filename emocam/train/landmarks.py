"""The training of networks on points: each label against all others, or in closed form."""

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.classifier.landmarks import Landmarks
from emocam.train.lesson import ClassifierLesson
from emocam.train.loop import Epochs, Part, Row
from emocam.train.settings import TrainSettings
from emocam.train.telling import Telling
from emocam.view.points import NormalisedPoints


def one_against_others(scores: Tensor, own: Tensor, share: Tensor) -> Tensor:
    """Return the mean loss of scores (B, L): a label's own sequences weigh as much together as all others.

    `own` (B, L) is 1 for a label's own sequences, else 0, and `share` (L,) their share of the training part.
    """
    weight = own / (2 * share) + (1 - own) / (2 * (1 - share))
    return nn.functional.binary_cross_entropy_with_logits(scores, own, weight)


class BinaryLesson(ClassifierLesson):
    """A classifier on points that learns each label against all others; points are not changed as pictures are."""

    def forward(self, view: Tensor, label: Tensor) -> Tensor:
        share = self.log_prior.exp()
        own = nn.functional.one_hot(label, len(share)).float()
        return one_against_others(self.classifier(self.classifier.prepare(view)), own, share)

    def logits(self, view: Tensor) -> Tensor:
        return self.classifier(self.classifier.prepare(view))


def lesson_of(classifier: Classifier, counts: Tensor, settings: TrainSettings) -> ClassifierLesson:
    """Return what a classifier learns: labels side by side from pictures, one against others from points."""
    if isinstance(classifier.view, NormalisedPoints):
        return BinaryLesson(classifier, counts, settings)
    lesson = ClassifierLesson(classifier, counts, settings)
    if classifier.trains_channels_last:
        lesson.to(memory_format=torch.channels_last)
    return lesson


@torch.no_grad()
def solve_lesson(lesson: ClassifierLesson, training: Part, held: Part | None, epochs: Epochs) -> bool:
    """Fit a network that has a closed form, in one epoch; return whether it has one."""
    classifier = lesson.classifier
    if not isinstance(classifier, Landmarks):
        return False
    views, label = training.dataset[torch.arange(len(training.dataset))]  # type: ignore[arg-type]
    if not classifier.solve(views, label):
        return False
    lesson.eval()
    row: Row = {"epoch": 1, "rate": 0.0, "loss": float(lesson(views, label))}
    if held is not None:
        lesson.examine(*held.dataset[torch.arange(len(held.dataset))])  # type: ignore[arg-type]
    row |= lesson.figures()
    if isinstance(epochs.told, Telling):
        epochs.told.epochs = 1
    epochs.rows.append(row)
    epochs.kept(lesson, row)
    epochs.told(epochs.rows)
    return True
