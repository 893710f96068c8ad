import pytest
import torch
from captum._utils.models.linear_model import SkLearnLasso
from captum.attr import LimeBase
from scipy.stats import pearsonr
from sklearn.linear_model import Lasso, Ridge

from emocam.cam.base import CAM
from emocam.cam.lime import LIMECAM
from emocam.cam.shapley import ShapleyCAM
from emocam.errors import SettingError


def plain_scores(forward, present):
    """Scores (B, S) of coalitions, asked one by one."""
    rows = [
        forward.score_of(forward.activation.detach() * there[:, None, None]).detach() for there in present
    ]
    return torch.stack(rows, 1)


@pytest.mark.parametrize("solver", ["ridge", "lasso"])
def test_weights_are_scikit_learns_coefficients(forward, solver):
    cam = LIMECAM(samples=30, solver=solver, penalty=0.02, seed=4)
    weights = cam.channel_weights(forward)
    present = cam.coalitions(weights.shape[1])
    model = {
        "ridge": Ridge(alpha=0.02),
        "lasso": Lasso(alpha=0.02, tol=1e-9, max_iter=100_000),
    }[solver]
    for row, scores in zip(weights, plain_scores(forward, present), strict=True):
        theirs = torch.tensor(model.fit(present.double(), scores.double()).coef_).float()
        assert torch.allclose(row, theirs, atol=2e-3 * float(theirs.abs().max()))


def test_a_score_that_is_a_sum_is_found_exactly(resnet, resnet_batch):
    """Behind mean pooling and a linear layer each channel adds its weight times its mean."""
    forward = CAM().forward_pass(resnet, resnet_batch)
    weights = LIMECAM(samples=2000, penalty=1e-6).channel_weights(forward)
    linear = next(m for m in resnet.head.modules() if isinstance(m, torch.nn.Linear))
    expected = linear.weight[forward.target] * forward.activation.detach().mean((-2, -1))
    assert torch.allclose(weights, expected, atol=1e-3 * float(expected.abs().max()))


def test_captum_fits_the_same_lasso_to_the_same_coalitions(small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    cam = LIMECAM(samples=None, solver="lasso")
    weights = cam.channel_weights(forward)
    channels = forward.activation.shape[1]
    for image in range(3):
        drawn = iter(cam.coalitions(channels))
        one = forward.activation.detach()[[image]]
        library = LimeBase(
            lambda x, image=image: forward.score_of(x, torch.tensor([image])),
            SkLearnLasso(alpha=0.01, tol=1e-6, max_iter=100_000),
            similarity_func=lambda *_, **__: 1.0,
            perturb_func=lambda *_, drawn=drawn, **__: next(drawn)[None],
            perturb_interpretable_space=True,
            from_interp_rep_transform=lambda there, x, **_: x * there[0][:, None, None],
            to_interp_rep_transform=None,
        )
        theirs = library.attribute(one, n_samples=channels)[0]
        assert torch.allclose(weights[image], theirs.float(), atol=1e-4)


def test_more_coalitions_come_closer_to_shapley(small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    shapley = ShapleyCAM(pairs=64).channel_weights(forward)[0]
    few, many = (LIMECAM(samples=n, penalty=0.01).channel_weights(forward)[0] for n in (14, 400))
    assert pearsonr(many, shapley)[0] > 0.95 > pearsonr(few, shapley)[0]


def test_a_lassos_penalty_is_absolute_and_silences_small_scores(small, small_batch):
    forward = CAM().forward_pass(small, small_batch)
    forward.logits, scale = forward.logits * 1e-3, forward.head.module
    forward.head = type(forward.head)(lambda x: scale(x) * 1e-3)
    assert not LIMECAM(samples=60, solver="lasso").channel_weights(forward).any()
    assert LIMECAM(samples=60).channel_weights(forward).any()


def test_coalitions_follow_the_seed_alone():
    first, again, other = (LIMECAM(seed=seed).coalitions(50) for seed in (0, 0, 1))
    assert first.shape == (256, 50) and torch.equal(first, again) and not torch.equal(first, other)
    assert 0.48 < first.mean() < 0.52
    assert LIMECAM(samples=None).coalitions(50).shape == (50, 50)


def test_settings_that_cannot_be_are_named():
    with pytest.raises(SettingError, match=r"cam\.solver must be ridge or lasso, got 'ols'"):
        LIMECAM(solver="ols")
    with pytest.raises(SettingError, match=r"cam\.samples must be at least 2 or null .*, got 1"):
        LIMECAM(samples=1)
    with pytest.raises(SettingError, match=r"cam\.penalty must be above 0, got -1"):
        LIMECAM(penalty=-1)
