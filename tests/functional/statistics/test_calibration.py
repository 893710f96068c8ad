import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from emocam.functional.statistics.calibration import fit_temperature, reliability_of


def test_the_error_is_torchmetrics_s():
    generator = torch.Generator().manual_seed(0)
    for spread in (0.5, 2.0):
        logits = spread * torch.randn(500, 4, generator=generator)
        label = torch.randint(0, 4, (500,), generator=generator)
        shares = logits.softmax(-1)
        confidence, answer = shares.max(-1)
        found = reliability_of(confidence.numpy(), (answer == label).numpy()).error
        assert found == pytest.approx(
            float(multiclass_calibration_error(shares, label, 4, n_bins=15)), abs=1e-6
        )


def test_bins_by_hand():
    found = reliability_of(np.array([0.1, 0.9, 1.0, 0.5]), np.array([False, True, True, False]), bins=2)
    assert found.images.tolist() == [1, 3]
    assert found.confidence == pytest.approx([0.1, 0.8]) and found.right == pytest.approx([0, 2 / 3])
    assert found.error == pytest.approx((0.1 + 3 * (0.8 - 2 / 3)) / 4)


@pytest.mark.parametrize("true", [0.5, 3.0])
def test_the_temperature_that_was_put_in_is_found(true):
    draw = np.random.default_rng(1)
    z = draw.normal(0, 2, (20_000, 3))
    shares = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    label = (shares.cumsum(1) < draw.random((20_000, 1))).sum(1)
    assert fit_temperature(z * true, label) == pytest.approx(true, rel=0.05)


def test_without_answers_nothing_is_divided():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1
