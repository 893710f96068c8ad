"""Each score against its definition, written again with loops."""

import numpy as np
import pytest
import torch

from emocam.functional.gaze.scores import EPSILON, Looked, centre_of, scores

HEIGHT, WIDTH, PICTURES = 5, 7, 6
CELLS = HEIGHT * WIDTH


@pytest.fixture
def world():
    draws = np.random.default_rng(0)
    maps = draws.integers(0, 6, (PICTURES, HEIGHT, WIDTH)).astype(float)  # ties on purpose
    density = draws.random((PICTURES, HEIGHT, WIDTH))
    picture = np.sort(draws.integers(0, PICTURES - 1, 40))  # the last one has none
    cell = draws.integers(0, CELLS, 40)
    fold = np.array([0, 1, 0, 1, 0, 1])
    looked = Looked(
        *(torch.from_numpy(part) for part in (picture, cell, fold)),
        centre_of(torch.from_numpy(density.sum(0))),
    )
    blocks = [
        (torch.from_numpy(maps[part]), torch.from_numpy(density[part])) for part in (slice(0, 4), slice(4, 6))
    ]
    return maps.reshape(PICTURES, -1), density.reshape(PICTURES, -1), picture, cell, fold, looked, blocks


def above(value: float, others: np.ndarray, weight: np.ndarray) -> float:
    return float((weight * ((value > others) + 0.5 * (value == others))).sum() / weight.sum())


def test_every_score_is_its_definition(world):
    maps, density, picture, cell, _, looked, blocks = world
    found = scores(blocks, looked)
    counts = np.zeros((PICTURES, CELLS))
    np.add.at(counts, (picture, cell), 1)
    for image in range(PICTURES - 1):
        at = cell[picture == image]
        values, truth = maps[image], density[image]
        z = (values - values.mean()) / values.std()
        others = counts.sum(0) - counts[image]
        p, q = values / values.sum(), truth / truth.sum()
        expected = {
            "nss": z[at].mean(),
            "auc": np.mean([above(values[c], values, np.ones(CELLS)) for c in at]),
            "sauc": np.mean([above(values[c], values, others) for c in at]),
            "cc": np.corrcoef(values, truth)[0, 1],
            "sim": np.minimum(p, q).sum(),
            "kl": (q * np.log(EPSILON + q / (p + EPSILON))).sum(),
        }
        for name, value in expected.items():
            assert float(found[name][image]) == pytest.approx(value, abs=1e-12), name
    assert all(np.isnan(found[name][-1]) for name in found)


def test_the_gain_takes_the_weight_that_is_best_on_the_other_fold(world):
    maps, density, picture, cell, fold, looked, blocks = world
    together = density.sum(0)
    centre = 0.99 * together / together.sum() + 0.01 / CELLS
    told = np.array([maps[i, c] / maps[i].sum() for i, c in zip(picture, cell, strict=True)])
    of = fold[picture]
    expected = np.zeros(PICTURES)
    for own in (0, 1):
        weights = np.linspace(0, 1, 51)
        fits = [
            np.mean(
                np.log2(((1 - w) * centre[cell] + w * told)[of != own].clip(1e-300) / centre[cell][of != own])
            )
            for w in weights
        ]
        best = weights[int(np.argmax(fits))]
        bits = np.log2(((1 - best) * centre[cell] + best * told).clip(1e-300) / centre[cell])
        for image in range(PICTURES - 1):
            if fold[image] == own:
                expected[image] = bits[picture == image].mean()
    found = scores(blocks, looked)["gain"]
    assert found[:-1].numpy() == pytest.approx(expected[:-1], abs=1e-10)


def test_a_flat_map_says_nothing(world):
    *_, looked, blocks = world
    flat = [(torch.zeros_like(maps), density) for maps, density in blocks]
    found = scores(flat, looked)
    assert found["nss"][:-1].eq(0).all() and found["cc"][:-1].eq(0).all()
    assert found["auc"][:-1].eq(0.5).all() and found["sauc"][:-1].eq(0.5).all()
    assert found["gain"][:-1].abs().max() < 1e-9 or found["gain"][:-1].max() <= 0.2
