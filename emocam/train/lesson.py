"""What a classifier learns from: cross entropy of changed pictures, with labels balanced or not."""

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.metric.classification import HeldAnswers, held_figures, temperatures
from emocam.train.augmentation import augment
from emocam.train.settings import TrainSettings


class ClassifierLesson(nn.Module):
    """A classifier with the loss of its training; `counts` (L,) are the training pictures of each label.

    Logit adjustment, Menon et al. 2021, https://arxiv.org/abs/2007.07314: the prior's logarithm is added while
    training, so that the plain logits are balanced.
    """

    log_prior: Tensor
    label_weight: Tensor

    def __init__(self, classifier: Classifier, counts: Tensor, settings: TrainSettings) -> None:
        super().__init__()
        self.classifier, self.settings, self.changes = classifier, settings, settings.changes
        prior = counts / counts.sum()
        weight = 1 / (len(prior) * prior) if settings.balance == "weights" else torch.ones(len(prior))
        self.register_buffer("log_prior", prior.log(), persistent=False)
        self.register_buffer("label_weight", weight, persistent=False)
        self.held = HeldAnswers()

    def logits(self, view: Tensor) -> Tensor:
        x = self.classifier.prepare(view)
        if self.classifier.trains_channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        return self.classifier(x)

    def forward(self, view: Tensor, label: Tensor) -> Tensor:
        """Return the mean loss of views (B, c, h, w) with labels (B,)."""
        if self.changes is not None:
            view = augment(view.float() / 255, self.changes) * 255
        logits = self.logits(view)
        if self.settings.adjust:
            logits = logits + self.log_prior
        return nn.functional.cross_entropy(
            logits, label, weight=self.label_weight, label_smoothing=self.settings.smoothing
        )

    def examine(self, view: Tensor, label: Tensor) -> None:
        self.held.update(self.logits(view), label)

    def figures(self) -> dict[str, float]:
        """Return the held-out figures of the epoch that is over, and begin anew; none without a held-out part."""
        if not self.held.update_called:
            return {}
        self.answers = self.held.compute()
        self.held.reset()
        corpus = self.log_prior.cpu() if self.settings.balanced else None
        return held_figures(*self.answers, corpus)

    def temperatures(self) -> tuple[float, float]:
        """Return the temperatures of the plain answers and of the corpus' point on the last held-out answers."""
        if not hasattr(self, "answers"):
            return 1.0, 1.0
        logits, label = self.answers
        plain, corpus = temperatures(logits, label, self.log_prior.cpu())
        return (plain, corpus) if self.settings.balanced else (plain, plain)
