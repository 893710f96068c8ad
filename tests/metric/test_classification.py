"""Figures of held-out answers against scikit-learn and loops."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss

from emocam.metric.classification import HeldAnswers, held_figures, temperatures


def world() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = np.random.default_rng(0)
    label = draw.choice(3, 200, p=[0.7, 0.2, 0.1])
    logits = draw.normal(0, 1.5, (200, 3)) + 2 * np.eye(3)[label]
    return torch.from_numpy(logits), torch.from_numpy(label), torch.tensor([0.7, 0.2, 0.1]).double().log()


def shares(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits - logsumexp(logits, axis=1, keepdims=True))


@pytest.mark.parametrize("balanced", [False, True])
def test_figures_are_scikit_learn_s(balanced: bool) -> None:
    logits, label, prior = world()
    found = held_figures(logits, label, prior) if balanced else held_figures(logits, label)
    names, plain = label.numpy(), logits.numpy()
    corpus = plain + prior.numpy() if balanced else plain
    assert found == {
        "held_loss": pytest.approx(log_loss(names, shares(corpus))),
        "accuracy": pytest.approx(accuracy_score(names, corpus.argmax(1))),
        "balanced_accuracy": pytest.approx(balanced_accuracy_score(names, plain.argmax(1))),
        "macro_f1": pytest.approx(f1_score(names, corpus.argmax(1), average="macro")),
    }


def test_temperatures_are_those_of_least_loss() -> None:
    logits, label, prior = world()
    for found, z in zip(
        temperatures(logits, label, prior), (logits.numpy(), (logits + prior).numpy()), strict=True
    ):
        best = minimize_scalar(
            lambda t, z=z: log_loss(label, shares(z / t)), bounds=(0.05, 20), method="bounded"
        )
        assert found == pytest.approx(best.x, rel=0.02)


def test_answers_of_all_batches_are_kept_as_floats_without_their_gradient() -> None:
    held = HeldAnswers()
    logits, label, _ = world()
    for part in (slice(0, 50), slice(50, 51), slice(51, 200)):
        held.update(logits[part].half().requires_grad_(), label[part])
    found, names = held.compute()
    assert torch.equal(found, logits.half().float()) and torch.equal(names, label)
    assert not found.requires_grad and not HeldAnswers.full_state_update
