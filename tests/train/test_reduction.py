"""A reduction over people: nobody is judged by a ranking or a network that knew them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from emocam.attribution.base import LabelledPoints, PersonSums
from emocam.network.point_networks import build_point_network
from emocam.train import reduction
from emocam.train.loop import mixed
from emocam.train.point_stack import StackRecipe, train_stack
from emocam.train.reduction import (
    ReductionPlan,
    folds_of,
    half_choices,
    others_at_rest,
    ranked_by_steps,
    reduce_fold,
    timed,
    usual_methods,
    weigh_held_out,
)

COUNT, LABELS, POINTS, LENGTH = 120, 2, 6, 8


@pytest.fixture(scope="module")
def everyone() -> LabelledPoints:
    """Point 4 moves under label 1, and all others by chance."""
    generator = torch.Generator().manual_seed(0)
    x, label = 0.5 * torch.randn(COUNT, 2, LENGTH, POINTS, generator=generator), torch.arange(COUNT) % LABELS
    x[label == 1, 1, 4:, 4] += 2
    return LabelledPoints(x, label, torch.arange(COUNT) // 8, LABELS)


@pytest.fixture
def plan() -> ReductionPlan:
    recipe = StackRecipe("random", 12)
    return ReductionPlan(("ig", "welch", "random", "worst"), (1, 3, 6), 2, recipe, usual_methods())


def test_people_are_whole_in_each_fold_and_all_are_judged_once(everyone: LabelledPoints) -> None:
    folds = folds_of(everyone, 3, 0)
    assert torch.stack(folds).sum(0).eq(1).all()
    for judged in folds:
        assert not set(everyone.person[judged].tolist()) & set(everyone.person[~judged].tolist())
        assert abs(int(judged.sum()) - COUNT / 3) <= 8


def test_no_training_and_no_ranking_sees_the_people_judged(
    everyone: LabelledPoints, plan: ReductionPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged, seen = folds_of(everyone, 3, 0)[0], set[int]()
    whole = reduction.train_stack

    def spy(recipe, part, kept, seed):
        seen.update(part.people)
        return whole(recipe, part, kept, seed)

    monkeypatch.setattr(reduction, "train_stack", spy)
    methods = dict(plan.methods)
    for name in ("ig", "welch"):
        weigh = methods[name].person_sums

        def asked(score, of_label, part, reference, weigh=weigh):
            seen.update([*part.people, *reference.people])
            return weigh(score, of_label, part, reference)

        monkeypatch.setattr(methods[name], "person_sums", asked, raising=False)
    found = reduce_fold(plan, everyone, judged, 0)
    assert seen == set(everyone.person[~judged].tolist()) and not seen & set(found.people)


def test_points_are_ranked_again_among_those_that_are_left(
    everyone: LabelledPoints, plan: ReductionPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice, asked = np.random.default_rng(0), []
    given = {size: dice.normal(size=(LABELS, POINTS)) for size in (5, 3)}

    def weighed(plan, orders, part, seed, kept):
        asked.append(kept.shape[1])
        sums = np.stack([given[kept.shape[1]], np.ones((LABELS, POINTS))])[None]
        return {orders[0]: PersonSums(sums, lambda sums: sums[0] / sums[1])}

    monkeypatch.setattr(reduction, "weigh_held_out", weighed)
    first = np.stack([dice.permutation(POINTS) for _ in range(LABELS)])
    found = ranked_by_steps(replace(plan, sizes=(1, 3, 5, 6)), "ig", first, everyone, 0)
    assert asked == [5, 3]
    for label in range(LABELS):
        *left, last = first[label].tolist()
        left.sort(key=lambda point: -given[5][label, point])
        chosen = sorted(left[:3], key=lambda point: -given[3][label, point])
        assert found[label].tolist() == [*chosen, *left[3:], last]


def test_fewer_points_cost_less_although_each_label_has_its_own(everyone: LabelledPoints) -> None:
    wide = LabelledPoints(torch.randn(64, 2, 8, 300), everyone.label[:64], everyone.person[:64], LABELS)
    few = torch.arange(6).view(2, 3)
    costs = [
        timed(build_point_network("random", LABELS, 300, 8, kept).requires_grad_(False), wide.x)
        for kept in (None, torch.arange(300).view(2, 150), few)
    ]
    assert costs[0] > costs[1] > costs[2]


def test_the_point_that_moves_is_ranked_first_and_is_enough(
    everyone: LabelledPoints, plan: ReductionPlan
) -> None:
    found = reduce_fold(plan, everyone, folds_of(everyone, 3, 0)[0], 0)
    assert found.ranks["ig", 0][:, 0].tolist() == found.ranks["welch", 0][:, 0].tolist() == [4, 4]
    part = everyone.at(~folds_of(everyone, 3, 0)[0])
    once = weigh_held_out(plan, ["ig"], part, mixed(plan.seed, 0))["ig"].weights
    assert found.ranks["worst", 0].tolist() == np.argsort(once, 1, kind="stable").tolist()

    def accuracy(order: str, size: int, retrained: bool = True) -> float:
        sums = found.sums[order, 0, size, retrained].sum(0)
        return float((sums[0] / sums[1] + sums[2] / sums[3]).mean() / 2)

    assert accuracy("ig", 1) > 0.9 and accuracy("worst", 1) < 0.75 and accuracy("worst", 3, False) < 0.75
    assert set(found.milliseconds) == {1, 3, 6} and min(found.milliseconds.values()) > 0


def test_points_at_rest_are_those_that_were_not_kept(everyone: LabelledPoints) -> None:
    torch.manual_seed(0)
    network = build_point_network("gru", LABELS, POINTS, LENGTH, hidden=4).requires_grad_(False)
    kept = torch.tensor([[4, 0], [1, 2]])
    found = others_at_rest(network, everyone.x[:5], kept)
    for label in range(LABELS):
        still = everyone.x[:5].clone()
        for point in range(POINTS):
            if point not in kept[label].tolist():
                still[..., point] = 0
        assert torch.allclose(found[:, label], network(still)[:, label], atol=1e-6)


def test_networks_trained_side_by_side_are_those_of_each_choice(everyone: LabelledPoints) -> None:
    choices = [torch.tensor([[4], [4]]), torch.tensor([[0], [0]])]
    good, bad = train_stack(StackRecipe("mlp", 8, epochs=6, batch=16, rate=0.02), everyone, choices, 0)
    right = [
        ((network(everyone.x) > 0).int().argmax(1) == everyone.label).float().mean()
        for network in (good, bad)
    ]
    assert right[0] > 0.9 > 0.7 > right[1] and good.kept.tolist() == [[4], [4]]


def test_halves_of_the_people_agree_on_the_point_that_moves(
    everyone: LabelledPoints, plan: ReductionPlan
) -> None:
    found = half_choices(replace(plan, orders=("welch", "random")), everyone, 2)
    assert set(found) == {"welch"} and found["welch"].shape == (4, LABELS, POINTS)
    assert np.all(found["welch"][:, :, 0] == 4)
