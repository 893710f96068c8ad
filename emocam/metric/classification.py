"""The answers of a held-out part, gathered over processes, and their figures."""

import numpy as np
import torch
import torchmetrics
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat

from emocam.functional.statistics.calibration import fit_temperature
from emocam.functional.statistics.classification import (
    accuracy_of,
    balanced_accuracy_of,
    count_answers,
    macro_f1_of,
)


class HeldAnswers(torchmetrics.Metric):
    """Keeps logits (N, L) and true labels (N,); a few floats a picture, so that all figures are exact."""

    full_state_update = False
    logits: list[Tensor]
    label: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("logits", [], dist_reduce_fx="cat")
        self.add_state("label", [], dist_reduce_fx="cat")

    def update(self, logits: Tensor, label: Tensor) -> None:
        self.logits.append(logits.detach().float())
        self.label.append(label)

    def compute(self) -> tuple[Tensor, Tensor]:
        """Return the logits and labels of all processes."""
        return dim_zero_cat(self.logits).cpu(), dim_zero_cat(self.label).cpu()


def held_figures(logits: Tensor, label: Tensor, log_prior: Tensor | None = None) -> dict[str, float]:
    """Return loss, accuracy, balanced accuracy and macro F1 of logits (N, L).

    With a prior the answers are balanced: accuracy, macro F1 and loss are then those of the corpus' point, where
    the logarithm of the prior is added, and balanced accuracy is that of the plain answers.
    """
    corpus = logits if log_prior is None else logits + log_prior
    plain_counts, counts = (_counts(z, label) for z in (logits, corpus))
    return {
        "held_loss": float(torch.nn.functional.cross_entropy(corpus, label)),
        "accuracy": accuracy_of(counts),
        "balanced_accuracy": balanced_accuracy_of(plain_counts),
        "macro_f1": macro_f1_of(counts),
    }


def temperatures(logits: Tensor, label: Tensor, log_prior: Tensor) -> tuple[float, float]:
    """Return the temperatures of the plain answers, and of those at the corpus' point."""
    names = label.numpy()
    return (
        fit_temperature(logits.numpy(), names),
        fit_temperature((logits + log_prior).numpy(), names),
    )


def _counts(logits: Tensor, label: Tensor) -> NDArray[np.integer]:
    return count_answers(label.numpy(), logits.argmax(-1).numpy(), logits.shape[1])
