"""What a network that answers with numbers learns from: squared errors, and how far r falls short of 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.metric.classification import HeldAnswers
from emocam.metric.regression import held_value_figures, rating_loss
from emocam.network.values import Values
from emocam.train.augmentation import augment
from emocam.train.settings import TrainSettings


class RatingLesson(nn.Module):
    """A classifier with as many answers as values, in standard deviations while it learns.

    The squared error of each value, or with `train.correlation` s, squared error + s (1 - r^2), as in
    Xiao et al. 2024. A rating that is missing says nothing.
    """

    def __init__(self, classifier: Classifier, settings: TrainSettings) -> None:
        super().__init__()
        self.classifier, self.changes, self.correlation = classifier, settings.changes, settings.correlation
        self.held = HeldAnswers()

    def answers(self, view: Tensor) -> Tensor:
        """Return the standardised values (B, A) of views."""
        x = self.classifier.prepare(view)
        if self.classifier.trains_channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        return self.classifier(x)

    def forward(self, view: Tensor, rating: Tensor) -> Tensor:
        """Return the mean loss of views (B, c, h, w) with standardised ratings (B, A), NaN where there is none."""
        if self.changes is not None:
            view = augment(view.float() / 255, self.changes) * 255
        return rating_loss(self.answers(view), rating, self.correlation)

    def examine(self, view: Tensor, rating: Tensor) -> None:
        self.held.update(self.answers(view), rating)

    def figures(self) -> dict[str, float]:
        """Return the held-out figures of the epoch that is over, and begin anew; none without a held-out part."""
        if not self.held.update_called:
            return {}
        z, rating = self.held.compute()
        self.held.reset()
        return held_value_figures(z, rating, self.correlation)


def last_layer(classifier: Classifier, answers: int, view: Tensor) -> nn.Linear | nn.Conv2d:
    """Return the linear layer that gives the answers, tried on views (2, c, h, w)."""
    kinds = (nn.Linear, nn.Conv2d)
    found = [m for m in classifier.modules() if isinstance(m, kinds) and m.weight.shape[0] == answers]
    one, two = torch.ones(answers), 2 * torch.ones(answers)
    mode = classifier.training
    classifier.eval()
    with torch.no_grad():
        x = classifier.prepare(view)
        before = classifier(x)
        for layer in found[::-1][:1]:
            if layer.bias is None:
                continue
            with in_own_units(layer, Values((), tuple(one.tolist()), tuple(two.tolist()))):
                after = classifier(x)
            if before.shape[-1] == answers and torch.allclose(after, 2 * before + 1, rtol=1e-3, atol=1e-3):
                classifier.train(mode)
                return layer
    raise SettingError(
        "classifier.values needs a network whose last layer is linear, has a bias and answers with the values "
        "themselves, and this one's is not"
    )


@contextmanager
def in_own_units(layer: nn.Linear | nn.Conv2d, values: Values) -> Iterator[None]:
    """Make a last layer that answers in standard deviations answer in the values' own units meanwhile."""
    weight, bias = layer.weight, layer.bias
    assert bias is not None
    kept = weight.detach().clone(), bias.detach().clone()
    centre, scale = (torch.tensor(numbers, device=weight.device) for numbers in (values.centre, values.scale))
    with torch.no_grad():
        weight.mul_(scale.reshape(-1, *[1] * (weight.ndim - 1)))
        bias.mul_(scale).add_(centre)
    try:
        yield
    finally:
        with torch.no_grad():
            weight.copy_(kept[0])
            bias.copy_(kept[1])


@torch.no_grad()
def standardise(layer: nn.Linear | nn.Conv2d, values: Values) -> None:
    """Make a last layer that answers in the values' own units answer in standard deviations."""
    assert layer.bias is not None
    centre, scale = torch.tensor(values.centre), torch.tensor(values.scale)
    layer.weight.div_(scale.reshape(-1, *[1] * (layer.weight.ndim - 1)))
    layer.bias.sub_(centre).div_(scale)
