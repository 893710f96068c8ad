"""Many small networks on points, trained side by side in plain torch.

A reduction trains a hundred of them; to begin Lightning's loop costs more than each takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emocam.attribution.base import LabelledPoints
from emocam.network.point_networks import PointNetwork, RandomPointNetwork, build_point_network
from emocam.train.landmarks import one_against_others
from emocam.train.loop import mixed


@dataclass(frozen=True)
class StackRecipe:
    """AdamW with one cycle of rates, as of task=train."""

    kind: str = "mlp"
    hidden: int | None = None
    epochs: int = 12
    batch: int = 64
    rate: float = 3e-3
    decay: float = 0.02
    rise: float = 0.2


def train_stack(
    recipe: StackRecipe, part: LabelledPoints, kept: Sequence[Tensor] | None, seed: int
) -> list[PointNetwork]:
    """Train a network a label for each of several choices of points (L, k); all points where none is given.

    The networks of all choices are trained at once, on the same batches.
    """
    choices = 1 if kept is None else len(kept)
    points, length = part.x.shape[-1], part.x.shape[2]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(mixed(seed, points, 0 if kept is None else kept[0].shape[1]))
        network = build_point_network(
            recipe.kind,
            choices * part.labels,
            points,
            length,
            None if kept is None else torch.cat(list(kept)),
            recipe.hidden,
        )
        if isinstance(network, RandomPointNetwork):
            network.solve(part.x, part.label, part.labels)
        else:
            fit_stack(network, recipe, part, choices)
    network.requires_grad_(False)
    return [network.labels_from(choice * part.labels, part.labels) for choice in range(choices)]


def fit_stack(network: PointNetwork, recipe: StackRecipe, part: LabelledPoints, choices: int) -> None:
    """Make the loss of all networks small."""
    share = torch.bincount(part.label, minlength=part.labels) / len(part)
    share = share.clamp(1 / len(part), 1 - 1 / len(part)).repeat(choices)
    steps = max(1, len(part) // recipe.batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, max(2, recipe.epochs * steps), pct_start=recipe.rise
    )
    own = torch.nn.functional.one_hot(part.label, part.labels).float()
    for _ in range(recipe.epochs):
        order = torch.randperm(len(part))
        for step in range(steps):
            rows = order[step * recipe.batch : (step + 1) * recipe.batch]
            scores = network(part.x[rows])
            # a mean over all networks would make each one's steps small
            loss = len(share) * one_against_others(scores, own[rows].repeat(1, choices), share)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
