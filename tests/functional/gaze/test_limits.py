"""Known limits of the scores of gaze on planted looks: the truth, its nulls, a blob in the centre."""

import numpy as np
import pytest
import torch
from torch import Tensor

from emocam.functional.gaze.density import GRID, densities
from emocam.functional.gaze.scores import NAMES, Looked, centre_of, scores

FRAMES, LOOKS = 1_500, 15
ON_TARGET, ON_CENTRE = 0.6, 0.25
SIGMA = (0.042, 0.042 * GRID[1] / GRID[0])


def blob(middle: Tensor, spread: float) -> Tensor:
    """Gaussians (n, *GRID) at places (n, 2)."""
    n = len(middle)
    sigma = torch.tensor([[spread, spread * GRID[1] / GRID[0]]]).repeat(n, 1)
    return densities(middle, torch.ones(n), torch.arange(n), n, sigma)


@pytest.fixture(scope="module", params=[0])
def limits(request: pytest.FixtureRequest) -> dict[str, dict[str, float]]:
    """The mean of each score for several maps of one seed's frames."""
    draws = np.random.default_rng(request.param)
    target = draws.uniform(0.15, 0.85, (FRAMES, 2))
    kind = draws.random((FRAMES, LOOKS))
    place = draws.random((FRAMES, LOOKS, 2))
    near = target[:, None] + draws.normal(size=(FRAMES, LOOKS, 2)) * SIGMA
    middle = 0.5 + draws.normal(size=(FRAMES, LOOKS, 2)) * 0.12
    place = np.where((kind < ON_TARGET)[..., None], near, place)
    place = np.where(((kind >= ON_TARGET) & (kind < ON_TARGET + ON_CENTRE))[..., None], middle, place)
    look = torch.from_numpy(place.clip(0, 0.999).reshape(-1, 2))
    picture = torch.arange(FRAMES).repeat_interleave(LOOKS)
    sigma = torch.tensor([SIGMA]).repeat(len(look), 1)
    density = densities(look, torch.ones(len(look)), picture, FRAMES, sigma)
    cell = (look[:, 1] * GRID[0]).long() * GRID[1] + (look[:, 0] * GRID[1]).long()
    looked = Looked(picture, cell, torch.arange(FRAMES) % 2, centre_of(density.sum(0)))
    truth = blob(torch.from_numpy(target), 0.042)
    coarse = torch.nn.functional.adaptive_avg_pool2d(truth[:, None], (7, 7))
    maps = {
        "truth": truth,
        "coarse truth": torch.nn.functional.interpolate(coarse, GRID, mode="bilinear")[:, 0],
        "centre": blob(torch.tensor([[0.5, 0.5]]), 0.12).repeat(FRAMES, 1, 1),
        "another frame's truth": truth.roll(FRAMES // 2, 0),
        "random": torch.from_numpy(draws.random((FRAMES, *GRID))),
        "flat": torch.ones(FRAMES, *GRID),
    }
    found = {}
    for name, drawn in maps.items():
        parts = scores(zip(drawn.split(500), density.split(500), strict=True), looked)
        found[name] = {score: float(parts[score].mean()) for score in NAMES}
    return found


def test_a_centre_blob_gains_nothing_over_the_centre(limits: dict[str, dict[str, float]]) -> None:
    centre = limits["centre"]
    assert centre["sauc"] == pytest.approx(0.5, abs=0.005) and abs(centre["gain"]) < 0.02
    assert centre["auc"] > 0.65 and centre["nss"] > 0.5  # which is what a careless score praises


def test_the_truth_of_another_frame_is_worth_nothing(limits: dict[str, dict[str, float]]) -> None:
    other = limits["another frame's truth"]
    assert 0.47 < other["sauc"] < 0.51 and abs(other["gain"]) < 0.02
    assert limits["truth"]["sauc"] > 0.75 and limits["truth"]["gain"] > 1
    assert limits["truth"]["nss"] > 10 * abs(other["nss"])


def test_random_and_flat_maps_are_at_chance_in_every_score(limits: dict[str, dict[str, float]]) -> None:
    for name in ("random", "flat"):
        found = limits[name]
        assert found["nss"] == pytest.approx(0, abs=0.03) and found["cc"] == pytest.approx(0, abs=0.01)
        assert found["auc"] == pytest.approx(0.5, abs=0.01) and found["sauc"] == pytest.approx(0.5, abs=0.01)
        assert abs(found["gain"]) < 0.02


def test_a_coarse_map_costs_little_auc_and_much_information(limits: dict[str, dict[str, float]]) -> None:
    fine, coarse = limits["truth"], limits["coarse truth"]
    assert fine["auc"] - coarse["auc"] < 0.03 and fine["gain"] - coarse["gain"] > 0.15
