"""Integrated gradients of points, held against captum's, and their sums."""

import warnings

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients as Captum

from emocam.attribution.base import LabelledPoints
from emocam.attribution.ig import IntegratedGradients, baselines, integrate
from emocam.errors import SettingError
from emocam.network.point_networks import build_point_network

LABELS, POINTS, LENGTH = 3, 6, 8


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_point_network("mlp", LABELS, POINTS, LENGTH, hidden=8).requires_grad_(False)


@pytest.fixture(scope="module")
def part():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(30, 2, LENGTH, POINTS, generator=generator)
    return LabelledPoints(x, torch.arange(30) % LABELS, torch.arange(30) % 7, LABELS)


def test_the_integral_is_captum_s_and_complete(network, part) -> None:
    baseline = part.x[5:].mean(0)
    found = integrate(lambda x: network(x)[:, 1], part.x[:5], baseline, 0.01)
    assert found.error < 0.01 and found.steps >= 16
    theirs = Captum(network).attribute(
        part.x[:5], baseline[None], target=1, n_steps=found.steps, method="riemann_middle"
    )
    assert torch.allclose(found.attributions, theirs.float(), atol=1e-4)
    change = network(part.x[:5])[:, 1] - network(baseline[None])[:, 1]
    assert torch.allclose(found.attributions.flatten(1).sum(1), change, atol=0.02 * float(change.abs().sum()))


def test_steps_are_doubled_until_the_sums_are_complete(part) -> None:
    def steep(x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(40 * x.flatten(1).mean(1))

    few, many = (integrate(steep, part.x[:4], part.x[4:].mean(0) - 1, bound) for bound in (0.9, 0.001))
    assert few.steps < many.steps and many.error < 0.001


def test_weights_are_signed_sums_meaned_over_a_label_s_own_sequences(network, part) -> None:
    sums = IntegratedGradients(tolerance=0.001).person_sums(network, network.label_score, part, part)
    for label in range(LABELS):
        own = part.label == label
        baseline = part.x[~own].mean(0, keepdim=True)
        theirs = Captum(network).attribute(
            part.x[own], baseline, target=label, n_steps=512, method="riemann_middle"
        )
        assert np.allclose(sums.weights[label], theirs.sum((1, 2)).mean(0).numpy(), atol=5e-3)
    assert 0 <= sums.completeness_error < 0.001


def test_intervals_hold_the_weight_and_come_from_people(network, part) -> None:
    sums = IntegratedGradients().person_sums(network, network.label_score, part, part)
    low, high = sums.intervals()
    assert (low <= sums.weights).mean() > 0.9 and (sums.weights <= high).mean() > 0.9
    alone = LabelledPoints(part.x, part.label, torch.zeros_like(part.person), LABELS)
    low, _ = IntegratedGradients().person_sums(network, network.label_score, alone, alone).intervals()
    assert np.isnan(low).all()


def test_a_label_that_nobody_has_has_no_interval_and_no_warning(network, part) -> None:
    others = part.at(part.label != 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sums = IntegratedGradients().person_sums(network, network.label_score, others, part)
        low, high = sums.intervals()
    assert np.isnan(low[0]).all() and np.isfinite(low[1:]).all() and np.isfinite(high[1:]).all()


def test_typical_sequences_are_those_nearest_to_the_label_s_mean(part) -> None:
    chosen = baselines("typical", 0, part)
    own = part.x[part.label == 0]
    far = ((own - own.mean(0)) ** 2).flatten(1).sum(1)
    assert len(chosen) == 5 and all((far <= far.sort().values[4]).sum() == 5 for _ in [0])
    assert {tuple(one.flatten().tolist()) for one in chosen} == {
        tuple(own[place].flatten().tolist()) for place in far.argsort()[:5]
    }


def test_an_unknown_baseline_is_told_with_those_that_are() -> None:
    with pytest.raises(
        SettingError, match=r"attribution\.baseline 'typcal' is not known; did you mean typical"
    ):
        IntegratedGradients(baseline="typcal")
