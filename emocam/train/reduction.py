"""Fewer points step by step, nested over people: the ranking never sees the people that it is judged on.

One fold of people is judged. On all others the points are ranked, a network is trained again on each choice of
them, and one network is asked with all other points at rest. Gradients are asked again at each step: of points
that move together a network spreads the weight, and which are missed is known once the others are gone.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emocam.attribution.base import Attribution, LabelledPoints, PersonSums
from emocam.attribution.ig import IntegratedGradients
from emocam.attribution.permutation import Permutation
from emocam.attribution.welch import Welch
from emocam.functional.points.curves import Numbers, right_by_person
from emocam.network.point_networks import PointNetwork
from emocam.train.loop import mixed
from emocam.train.point_stack import StackRecipe, train_stack

RANKINGS = ("ig", "typical", "permutation", "welch")
"""`typical` are integrated gradients from typical sequences of the label, as the paper has them."""
STEPPED = ("ig", "typical")
"""Rankings that are made again of the points that are left at each step."""
NETWORKS = {"random": 3}
"""Networks whose weights are taken together for these: each draw of fixed random features ranks otherwise."""
CONTROLS = ("random", "worst")
ORDERS = (*RANKINGS, *CONTROLS)
INNER = 2
"""Parts of the people that are ranked on: each is asked of a network that learnt the other."""
TIMED, TURNS = 64, 20
"""Sequences in the batch that is timed, and how often it is: other work on the machine slows most of them."""


@dataclass(frozen=True)
class ReductionPlan:
    """What is compared: orders of points, numbers of them, draws of the random order, and the networks."""

    orders: tuple[str, ...]
    sizes: tuple[int, ...]
    draws: int
    recipe: StackRecipe
    methods: dict[str, Attribution]
    seed: int = 0

    @property
    def choices(self) -> list[tuple[str, int]]:
        """Each order with the number of its draw; all but the random one have one."""
        return [
            (order, draw) for order in self.orders for draw in range(self.draws if order == "random" else 1)
        ]


@dataclass(frozen=True)
class FoldResult:
    """Of one fold sums (people, 4, L) of right answers and milliseconds a sequence, by (order, draw, size, retrained).

    `ranks` (L, P) are the points of each label from the first to the last, by order and draw.
    """

    people: list[int]
    sums: dict[tuple[str, int, int, bool], Numbers]
    milliseconds: dict[int, float]
    ranks: dict[tuple[str, int], NDArray[np.int64]]
    completeness_error: float


def usual_methods() -> dict[str, Attribution]:
    """Return the methods that rank points, as they are without settings."""
    return {
        "ig": IntegratedGradients(),
        "typical": IntegratedGradients(baseline="typical"),
        "permutation": Permutation(),
        "welch": Welch(),
    }


def weigh_held_out(
    plan: ReductionPlan, orders: Sequence[str], part: LabelledPoints, seed: int, kept: Tensor | None = None
) -> dict[str, PersonSums]:
    """Return what each method makes of the points of a part, by networks that did not learn the sequences asked.

    What a network learnt by heart speaks for its label at every point, those that are noise among them. Where each
    label has its own `kept` points (L, k), all others weigh nothing.
    """
    count = NETWORKS.get(plan.recipe.kind, 1) if set(orders) & set(STEPPED) else 1
    found: dict[str, list[PersonSums]] = {order: [] for order in orders}
    for number, held in enumerate(folds_of(part, INNER, seed)):
        learnt, asked = part.at(~held), part.at(held)
        seeds = [mixed(seed, number, *again) for again in ((), *((more,) for more in range(1, count)))]
        choice = None if kept is None else [kept]
        networks = [train_stack(plan.recipe, learnt, choice, own)[0] for own in seeds]
        for order in orders:
            method, asking = plan.methods[order], networks if order in STEPPED else networks[:1]
            found[order].append(
                averaged([method.person_sums(one, one.label_score, asked, learnt) for one in asking])
            )
    return {order: joined(parts) for order, parts in found.items()}


def averaged(alike: Sequence[PersonSums]) -> PersonSums:
    """Return what several networks make of the same sequences as one."""
    errors = [one.completeness_error for one in alike if one.completeness_error is not None]
    return PersonSums(np.mean([one.sums for one in alike], 0), alike[0].combine, max(errors, default=None))


def joined(parts: Sequence[PersonSums]) -> PersonSums:
    """Return the sums of parts with different people as one."""
    errors = [part.completeness_error for part in parts if part.completeness_error is not None]
    sums = np.concatenate([part.sums for part in parts])
    return PersonSums(sums, parts[0].combine, max(errors, default=None))


def rank_points(
    plan: ReductionPlan, part: LabelledPoints, seed: int
) -> tuple[dict[tuple[str, int], NDArray[np.int64]], float]:
    """Return each order's points (L, P) from first to last, and the completeness error of integrated gradients."""
    found: dict[tuple[str, int], NDArray[np.int64]] = {}
    first = next(order for order in RANKINGS if order in plan.orders)
    weighed = weigh_held_out(plan, [order for order in RANKINGS if order in plan.orders], part, seed)
    for order, sums in weighed.items():
        found[order, 0] = first_to_last(sums.weights)
    found["worst", 0] = found[first, 0][:, ::-1].copy()
    for order in weighed:
        if order in STEPPED:
            found[order, 0] = ranked_by_steps(plan, order, found[order, 0], part, seed)
    dice = np.random.default_rng(seed)
    for order, draw in plan.choices:
        if order == "random":
            found[order, draw] = np.stack([dice.permutation(part.x.shape[-1]) for _ in range(part.labels)])
    error = max((sums.completeness_error or 0.0 for sums in weighed.values()), default=0.0)
    return {choice: found[choice] for choice in plan.choices}, error


def first_to_last(weights: Numbers) -> NDArray[np.int64]:
    """Return the places of each label's points (L, P) by weight, the largest first."""
    return np.argsort(-np.nan_to_num(weights, nan=-np.inf), 1, kind="stable")


def ranked_by_steps(
    plan: ReductionPlan, order: str, ranks: NDArray[np.int64], part: LabelledPoints, seed: int
) -> NDArray[np.int64]:
    """Return the points (L, P) ranked anew at each number of them: those that are kept, by networks of these alone.

    What is left away at one step stays behind all that is kept, so that each choice holds the smaller ones.
    """
    ranks = ranks.copy()
    for size in sorted((size for size in plan.sizes if size < ranks.shape[1]), reverse=True)[:-1]:
        kept = ranks[:, :size]
        sums = weigh_held_out(plan, [order], part, seed, torch.from_numpy(kept.copy()))[order]
        again = first_to_last(np.take_along_axis(sums.weights, kept, 1))
        ranks[:, :size] = np.take_along_axis(kept, again, 1)
    return ranks


def reduce_fold(plan: ReductionPlan, everyone: LabelledPoints, judged: Tensor, number: int) -> FoldResult:
    """Rank on all but the `judged` sequences (N,), and count right answers of those."""
    part, held = everyone.at(~judged), everyone.at(judged)
    seed, people = mixed(plan.seed, number), held.people
    (whole,) = train_stack(plan.recipe, part, None, seed)
    ranks, error = rank_points(plan, part, seed)
    points = everyone.x.shape[-1]
    milliseconds = {points: timed(whole, held.x)}
    sums: dict[tuple[str, int, int, bool], Numbers] = {}

    def count(scores: Tensor) -> Numbers:
        return right_by_person(scores.double().numpy(), held.label.numpy(), held.person.numpy(), people)

    answered = count(whole(held.x))
    for choice in plan.choices:
        for retrained in (True, False):
            sums[*choice, points, retrained] = answered
    for size in (size for size in plan.sizes if size < points):
        kept = [torch.from_numpy(ranks[choice][:, :size].copy()) for choice in plan.choices]
        networks = train_stack(plan.recipe, part, kept, seed)
        milliseconds[size] = timed(networks[0], held.x)
        for choice, network, places in zip(plan.choices, networks, kept, strict=True):
            sums[*choice, size, True] = count(network(held.x))
            sums[*choice, size, False] = count(others_at_rest(whole, held.x, places))
    return FoldResult(people, sums, milliseconds, ranks, error)


def others_at_rest(network: PointNetwork, x: Tensor, kept: Tensor) -> Tensor:
    """Return the scores (B, L) where of each label's points all but its `kept` (L, k) do not move."""
    found = []
    for label, places in enumerate(kept):
        still = torch.zeros_like(x)
        still[..., places] = x[..., places]
        found.append(network.label_score(label)(still))
    return torch.stack(found, 1)


@torch.no_grad()
def timed(network: PointNetwork, x: Tensor) -> float:
    """Return the milliseconds that all labels' networks take for a sequence, the least of a few turns.

    One after the other, each given its own points alone: side by side they share what all points make, and pick theirs
    out of all, so that some of the points would cost more than all of them.
    """
    some = x[torch.arange(TIMED) % len(x)]
    alone = [network.labels_from(label, 1) for label in range(len(network.kept))]
    given = [(one, one.pick(some).contiguous()) for one in alone]
    taken = []
    for _ in range(TURNS):
        began = time.perf_counter()
        for one, own in given:
            one.score(own)
        taken.append(time.perf_counter() - began)
    return 1000 * min(taken) / TIMED


def half_choices(
    plan: ReductionPlan, everyone: LabelledPoints, halvings: int
) -> dict[str, NDArray[np.int64]]:
    """Return each ranking's points (halves, L, P) as they are ranked on random halves of the people."""
    people = np.array(everyone.people)
    dice = np.random.default_rng(plan.seed)
    own = replace(plan, orders=tuple(order for order in plan.orders if order in RANKINGS))
    found: dict[str, list[NDArray[np.int64]]] = {order: [] for order in own.orders}
    for halving in range(halvings):
        first = torch.from_numpy(dice.permutation(people)[: len(people) // 2].copy())
        inside = torch.isin(everyone.person, first)
        for side, rows in enumerate((inside, ~inside)):
            ranks, _ = rank_points(own, everyone.at(rows), mixed(plan.seed, halving, side))
            for (order, _), ranked in ranks.items():
                found[order].append(ranked)
    return {order: np.stack(ranked) for order, ranked in found.items()}


def folds_of(everyone: LabelledPoints, folds: int, seed: int) -> list[Tensor]:
    """Return which sequences (N,) each fold judges: people whole, as many sequences in each as can be."""
    people = np.array(everyone.people)
    counts = torch.bincount(everyone.person, minlength=int(people.max()) + 1).numpy()[people]
    order = np.random.default_rng(seed).permutation(len(people))
    order = order[np.argsort(-counts[order], kind="stable")]
    full = np.zeros(folds)
    chosen: list[list[int]] = [[] for _ in range(folds)]
    for place in order:
        fold = int(full.argmin())
        chosen[fold].append(int(people[place]))
        full[fold] += counts[place]
    return [torch.isin(everyone.person, torch.tensor(own)) for own in chosen]
