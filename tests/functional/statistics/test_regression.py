import pytest
import torch
from sklearn.linear_model import Lasso, Ridge

from emocam.functional.statistics.regression import lasso, ridge


def problem(samples: int, features: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    """A design (S, C) of zeros and ones, and four responses (4, S) to some of its columns."""
    generator = torch.Generator().manual_seed(samples)
    design = torch.randint(0, 2, (samples, features), generator=generator).float()
    true = torch.randn(4, features, generator=generator) * (torch.arange(features) < 5)
    return design, true @ design.T + 3 + 0.1 * torch.randn(4, samples, generator=generator)


@pytest.mark.parametrize("samples", [40, 12, 8])
def test_ridge_is_scikit_learns(samples):
    design, responses = problem(samples)
    ours = ridge(design, responses, 0.7)
    for row, y in zip(ours, responses, strict=True):
        assert row.tolist() == pytest.approx(Ridge(alpha=0.7).fit(design, y).coef_, abs=1e-5)


@pytest.mark.parametrize("samples", [40, 12, 8])
@pytest.mark.parametrize("penalty", [0.01, 0.2])
def test_lasso_is_scikit_learns(samples, penalty):
    design, responses = problem(samples)
    ours = lasso(design, responses, penalty)
    for row, y in zip(ours, responses, strict=True):
        model = Lasso(alpha=penalty, tol=1e-10, max_iter=100_000)
        theirs = model.fit(design.double().numpy(), y.double().numpy()).coef_
        # with fewer rows than columns only the fit and the sum are settled
        centred = (design - design.mean(0)).double()
        fit = centred @ torch.from_numpy(theirs)
        assert (centred @ row).tolist() == pytest.approx(fit.tolist(), abs=1e-5)
        assert row.abs().sum().item() == pytest.approx(abs(theirs).sum(), abs=1e-5)
        if samples > 8:
            assert row.tolist() == pytest.approx(theirs, abs=1e-5)
            assert ((row == 0).numpy() == (theirs == 0)).all()


def test_one_column_by_hand():
    design, responses = torch.tensor([[0.0], [1.0]]), torch.tensor([[5.0, 8.0]])
    # centred: (-.5, .5) and (-1.5, 1.5); z'z = .5, z'y = 1.5
    assert ridge(design, responses, 0.25).item() == pytest.approx(1.5 / 0.75)
    assert lasso(design, responses, 0.25).item() == pytest.approx((1.5 / 2 - 0.25) / (0.5 / 2), abs=1e-6)
    assert lasso(design, responses, 0.8).item() == 0


def test_a_strong_penalty_and_a_response_that_never_changes_leave_nothing():
    design, responses = problem(40)
    assert not lasso(design, responses, 100).any()
    flat = torch.full((1, 40), 2.0)
    assert not lasso(design, flat, 0.01).any() and ridge(design, flat, 1).abs().max() < 1e-9


def test_a_penalty_is_asked_of_each_size_and_columns_that_say_the_same_share_it():
    design, responses = problem(30, 40)  # fewer rows than columns
    design = torch.cat([design, design[:, :1]], 1)
    for penalty in (1e-3, 0.7, 50.0):
        ours = ridge(design, responses, penalty)
        for row, y in zip(ours, responses, strict=True):
            assert row.tolist() == pytest.approx(
                Ridge(alpha=penalty).fit(design, y).coef_, rel=1e-3, abs=1e-5
            )
        assert torch.allclose(ours[:, 0], ours[:, -1])
    square = ridge(design[:, :30], responses, 0.7)
    assert square.shape == (4, 30)
    assert square[0].tolist() == pytest.approx(
        Ridge(alpha=0.7).fit(design[:, :30], responses[0]).coef_, abs=1e-4
    )


def test_the_lasso_ends_where_no_coefficient_can_be_better():
    """Each is 0 where its slope is within the penalty, and else its slope is the penalty's."""
    for samples, penalty in ((40, 0.05), (12, 0.02), (200, 0.3)):
        design, responses = problem(samples)
        found = lasso(design, responses, penalty)
        z, y = (design - design.mean(0)).double(), (responses - responses.mean(1, keepdim=True)).double()
        slope = (y - found @ z.T) @ z / samples
        for weight, own in zip(found.flatten().tolist(), slope.flatten().tolist(), strict=True):
            assert (
                abs(own) <= penalty + 1e-6
                if weight == 0
                else own == pytest.approx(penalty * (1 if weight > 0 else -1), abs=1e-6)
            )
