"""The figures of predicted values."""

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr

from emocam.metric.regression import held_value_figures, rating_loss, value_correlations


def missing_ratings() -> tuple[torch.Tensor, torch.Tensor]:
    draw = np.random.default_rng(0)
    z, rating = draw.normal(size=(2, 30, 3)).astype(np.float32)
    rating[:, 0] += z[:, 0]
    rating[draw.random((30, 3)) < 0.3] = np.nan
    rating[2:, 2] = np.nan  # too few to correlate
    return torch.from_numpy(z), torch.from_numpy(rating)


def test_missing_ratings_have_no_part_in_loss_and_figures() -> None:
    z, rating = missing_ratings()
    found = []
    for value in range(3):
        own = rating[:, value].isfinite()
        pair = z[own, value].double().numpy(), rating[own, value].double().numpy()
        found.append((((pair[0] - pair[1]) ** 2).mean(), pearsonr(*pair)[0] if own.sum() > 2 else np.nan))
    errors, r = np.array(found).T
    given = ~np.isnan(errors)
    plain, both = (float(rating_loss(z, rating, s)) for s in (0.0, 2.0))
    assert plain == pytest.approx(errors[given].mean(), rel=1e-5)
    assert both - plain == pytest.approx(2 * (1 - r[:2] ** 2).mean(), rel=1e-4)
    figures = held_value_figures(z, rating, 0.0)
    assert figures["r"] == pytest.approx(r[:2].mean()) and figures["held_loss"] == plain
    assert figures["rmse"] == pytest.approx(np.sqrt(errors[given]).mean(), rel=1e-6)


def test_answers_that_do_not_vary_have_no_r_and_a_finite_gradient() -> None:
    z = torch.zeros(8, 1, requires_grad=True)
    rating = torch.linspace(-1, 1, 8)[:, None]
    assert value_correlations(z, rating).tolist() == [0.0]
    rating_loss(z, rating, 1.0).backward()
    assert z.grad is not None and z.grad.isfinite().all()


def test_three_ratings_are_enough_for_an_r_and_two_are_none() -> None:
    z, rating = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[2.0], [1.0], [5.0]])
    assert value_correlations(z, rating).tolist() == pytest.approx([pearsonr([1, 2, 4], [2, 1, 5])[0]])
    assert value_correlations(z[:2], rating[:2]).tolist() == [0]


def test_of_two_ratings_there_is_an_error_and_no_r() -> None:
    z, rating = torch.tensor([[1.0, 5.0], [2.0, 6.0]]), torch.tensor([[2.0, torch.nan], [4.0, torch.nan]])
    figures = held_value_figures(z, rating, 1.0)
    assert figures == {"held_loss": 2.5, "r": 0.0, "rmse": pytest.approx(2.5**0.5)}
