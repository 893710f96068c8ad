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


def test_each_bin_is_that_of_answers_put_into_it_one_by_one():
    draw = np.random.default_rng(3)
    confidence, right = draw.integers(0, 9, 60) / 8, draw.random(60) < 0.6  # many lie at an edge
    found = reliability_of(confidence, right, bins=4)
    bins = [[] for _ in range(4)]
    for c, r in zip(confidence.tolist(), right.tolist(), strict=True):
        bins[min(int(c * 4), 3)].append((c, r))
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found.images.tolist() == [len(one) for one in bins]
    means = np.array([np.mean(one, 0) for one in bins])
    assert found.confidence == pytest.approx(means[:, 0]) and found.right == pytest.approx(means[:, 1])
    assert found.error == pytest.approx(
        sum(len(one) * abs(np.subtract(*np.mean(one, 0))) for one in bins) / 60
    )


def test_a_bin_without_answers_has_no_mean_and_no_answers_have_no_error():
    found = reliability_of(np.array([0.9]), np.array([True]), bins=2)
    assert np.isnan(found.confidence[0]) and np.isnan(found.right[0]) and found.images.tolist() == [0, 1]
    nothing = reliability_of(np.zeros(0), np.zeros(0, bool))
    assert nothing.error == 0 and nothing.images.tolist() == [0] * 15 and np.isnan(nothing.right).all()


def test_the_temperature_is_where_the_answers_are_likeliest_and_within_its_range():
    draw = np.random.default_rng(2)
    z, label = draw.normal(0, 3, (200, 4)).astype(np.float32), draw.integers(0, 4, 200)
    label[::2] = z[::2].argmax(1)

    def surprise(temperature: float) -> float:
        told = torch.log_softmax(torch.from_numpy(z).double() / temperature, 1)
        return -told[torch.arange(200), torch.from_numpy(label)].mean().item()

    found = fit_temperature(z, label)
    assert surprise(found) < min(surprise(found * 1.0003), surprise(found / 1.0003))
    assert fit_temperature(z, z.argmax(1)) == pytest.approx(0.05, rel=1e-4)  # always right
    assert fit_temperature(z, z.argmin(1)) == pytest.approx(20, rel=1e-4)  # never
