"""cam=regions beside Shapley values by their definition, scikit-learn's ridge, and scores that are sums."""

from dataclasses import replace
from itertools import permutations
from math import isclose

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import nn

from emocam import explain
from emocam.cam.base import ForwardPass
from emocam.cam.regions import RegionsCAM, blurred, design, weighed
from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.records.detections import Detections
from emocam.records.picture import Batch

QUARTERS = torch.tensor([[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1]])


def regions_of(images: int, boxes: torch.Tensor = QUARTERS) -> Detections:
    one = Detections(boxes, torch.arange(len(boxes)), torch.ones(len(boxes)), torch.zeros(len(boxes)).long())
    return Detections.pack([one] * images)


@pytest.fixture
def seen(small_batch: Batch) -> Batch:
    return replace(small_batch, annotated=regions_of(3))


def log_odds_of(classifier: Classifier, x: torch.Tensor, label: int) -> float:
    with torch.no_grad():
        p = classifier(x[None]).double().softmax(-1)[0, label].item()
    return float(np.log(p / (1 - p)))


def partly_hidden(x: torch.Tensor, shown: list[int]) -> torch.Tensor:
    """A picture (3, H, W) of four quarters, of which only some are seen; the last is what no box covers."""
    hidden = blurred(x[None])[0].clone()
    height, width = x.shape[-2] // 2, x.shape[-1] // 2
    for quarter in shown:
        rows = slice(height * (quarter // 2), height * (quarter // 2 + 1))
        columns = slice(width * (quarter % 2), width * (quarter % 2 + 1))
        hidden[:, rows, columns] = x[:, rows, columns]
    return hidden


def test_four_regions_have_their_shapley_values(small: Classifier, seen: Batch) -> None:
    cam = RegionsCAM(samples=64)
    forward = cam.forward_pass(small, seen)
    values = cam.values(forward, *cam.owners(forward))
    for image in range(3):
        expected = np.zeros(4)
        label = int(forward.target[image])
        for order in permutations(range(4)):
            shown: list[int] = []
            for quarter in order:
                before = log_odds_of(small, partly_hidden(forward.x[image], shown), label)
                shown = [*shown, quarter]
                after = log_odds_of(small, partly_hidden(forward.x[image], shown), label)
                expected[quarter] += (after - before) / 24
        assert np.allclose(values[image].numpy(), expected, atol=2e-3)


def test_the_map_shows_the_values_where_the_regions_are(small: Classifier, seen: Batch) -> None:
    cam = RegionsCAM()
    forward = cam.forward_pass(small, seen)
    values, raw = cam.values(forward, *cam.owners(forward)), cam.raw(forward)
    assert raw.shape == (3, 56, 56)
    for quarter in range(4):
        down, across = 28 * (quarter // 2), 28 * (quarter % 2)
        part = raw[:, down : down + 28, across : across + 28]
        assert torch.allclose(part, values[:, quarter, None, None].expand_as(part), atol=1e-5)


@pytest.mark.parametrize("regions", [2, 5, 13, 24])
def test_values_sum_to_what_lies_between_nothing_and_all(regions: int) -> None:
    drawn = design(regions, 64, "shap", 0)
    scores = torch.randn(len(drawn.shown), generator=torch.Generator().manual_seed(regions))
    assert isclose(float((drawn.solution @ scores).sum()), float(scores[-1] - scores[-2]), abs_tol=0.02)


@pytest.mark.parametrize("solver", ["shap", "ridge"])
def test_a_score_that_is_a_sum_gives_its_parts(solver: str) -> None:
    drawn = design(13, 256, solver, 3)  # type: ignore[arg-type]
    parts = torch.arange(13.0) - 4
    shrunk = 0.03 if solver == "ridge" else 1e-3
    assert ((drawn.solution @ (drawn.shown @ parts + 7)) - parts).abs().max() < shrunk * 13


def test_more_samples_come_closer_to_the_shapley_values() -> None:
    score = torch.randn(13, generator=torch.Generator().manual_seed(1)).double()
    pair = torch.randn(13, 13, generator=torch.Generator().manual_seed(2)).double().triu(1)
    exact = score + (pair.sum(0) + pair.sum(1)) / 2  # of each pair both have the half

    def distance(samples: int) -> float:
        drawn = design(13, samples, "shap", 0)
        shown = drawn.shown.double()
        values = shown @ score + torch.einsum("si,ij,sj->s", shown, pair, shown)
        return float((drawn.solution.double() @ values - exact).norm() / exact.norm())

    # complements cancel what is of second order: pairs of regions are exact, given enough coalitions
    assert distance(64) < 0.05 and distance(14) > distance(64)


def test_sizes_of_coalitions_follow_the_kernel() -> None:
    shown, weight = weighed(20, 60_000, 0)
    size = torch.arange(1, 20).double()
    expected = 1 / (size * (20 - size))
    found = torch.bincount(shown.sum(1).long(), minlength=21)[1:20] / len(shown)
    assert torch.allclose(found.double(), expected / expected.sum(), atol=0.005)
    assert (weight == 1).all() and (shown[:30_000] + shown[30_000:] == 1).all()
    assert (shown[:30_000].mean(0) - 0.5).abs().max() < 0.02  # no region comes more often than another


def test_ridge_is_the_ridge_of_scikit_learn() -> None:
    drawn = design(9, 64, "ridge", 5)
    scores = torch.randn(len(drawn.shown), generator=torch.Generator().manual_seed(0))
    theirs = Ridge(alpha=1.0).fit(drawn.shown.numpy(), scores.numpy()).coef_
    assert np.allclose((drawn.solution @ scores).numpy(), theirs, atol=1e-4)


def test_pictures_with_other_numbers_of_regions_do_not_disturb(small: Classifier, small_batch: Batch) -> None:
    mixed = [regions_of(1), regions_of(1, QUARTERS[:1]), Detections.none()]
    batch = replace(small_batch, annotated=Detections.pack(mixed))
    together = RegionsCAM()(small, batch)[1].maps
    for image in range(3):
        same = replace(small_batch, annotated=Detections.pack([mixed[image]] * 3))
        assert torch.allclose(together[image], RegionsCAM()(small, same)[1].maps[image], atol=1e-5)
    assert not together[2].any()


class Reddest(Classifier):
    """The first of two labels is answered by the mean of the picture's red."""

    def __init__(self) -> None:
        super().__init__()
        self.labels, self.features, self.head = ["red", "other"], nn.Identity(), nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        red = x[:, 0].mean((-2, -1))
        return torch.stack([red, torch.zeros_like(red)], 1)

    def cut(self, x: torch.Tensor):  # type: ignore[no-untyped-def]
        raise NotImplementedError


def test_a_mask_counts_in_place_of_its_box() -> None:
    """All of the box is marked, the mask holds its left half alone, and only there is it red."""
    x = torch.zeros(1, 3, 40, 40)
    x[:, 0, :, :20] = 4
    masks = torch.zeros(1, 28, 28)
    masks[:, :, :14] = 1
    region = Detections(
        torch.tensor([[0.0, 0, 1, 1]]), torch.zeros(1).long(), torch.ones(1), torch.zeros(1).long(), masks
    )
    forward = ForwardPass.__new__(ForwardPass)
    forward.classifier, forward.x, forward.score_kind = Reddest().freeze(), x, "logit"
    forward.target, forward.regions, forward.window = (
        torch.zeros(1).long(),
        region,
        torch.tensor([[0.0, 0, 1, 1]]),
    )
    raw = RegionsCAM().raw(forward)[0]
    assert raw[:, :28].min() > 0.1 and raw[:, 28:].max() < 0  # red leaks into what is hidden there
    assert (raw[:, :27] == raw[0, 0]).all() and (raw[:, 29:] == raw[0, -1]).all()


def test_coalitions_are_drawn_once_for_all_pictures() -> None:
    assert design(13, 64, "shap", 0) is design(13, 64, "shap", 0)
    assert not torch.equal(design(13, 64, "shap", 0).shown, design(13, 64, "shap", 1).shown)


def test_what_cannot_be_is_named(small: Classifier) -> None:
    with pytest.raises(SettingError, match=r"cam\.solver must be shap or ridge, got 'lasso'"):
        RegionsCAM(solver="lasso")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"cam\.samples must be a whole number of at least 2, got 1"):
        RegionsCAM(samples=1)
    with pytest.raises(SettingError, match="explains the regions that a detector finds"):
        explain(small, torch.zeros(1, 3, 40, 48), method="regions")
