"""Permutation importance, held against captum's with the same lots."""

import torch
from captum.attr import FeaturePermutation

from emocam.attribution.base import LabelledPoints
from emocam.attribution.permutation import Permutation
from emocam.network.point_networks import build_point_network

LABELS, POINTS, LENGTH, COUNT = 3, 5, 8, 40


def test_the_loss_of_balanced_accuracy_is_captum_s() -> None:
    torch.manual_seed(0)
    network = build_point_network("mlp", LABELS, POINTS, LENGTH, hidden=8).requires_grad_(False)
    label = torch.arange(COUNT) % LABELS
    part = LabelledPoints(torch.randn(COUNT, 2, LENGTH, POINTS), label, torch.arange(COUNT), LABELS)
    found = Permutation(most=COUNT, seed=5).person_sums(network, network.label_score, part, part).weights
    generator = torch.Generator().manual_seed(5)
    torch.randperm(COUNT, generator=generator)
    orders = [torch.randperm(COUNT, generator=generator) for _ in range(POINTS)]
    place = iter(orders)

    def deal(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        order = next(place)
        return torch.where(mask.bool(), x[order], x)

    own = torch.nn.functional.one_hot(label, LABELS).bool()
    weight = own / own.sum(0) / 2 + (~own) / (~own).sum(0) / 2

    def accuracy(x: torch.Tensor) -> torch.Tensor:
        return (((network(x) > 0) == own) * weight).sum(0)[None]

    mask = torch.arange(POINTS).view(1, 1, 1, POINTS).expand(1, 2, LENGTH, POINTS)
    for target in range(LABELS):
        place = iter(orders)
        theirs = FeaturePermutation(accuracy, deal).attribute(part.x, target=target, feature_mask=mask)
        assert torch.allclose(torch.from_numpy(found[target]).float(), theirs[0, 0, 0].float(), atol=1e-5)


def test_a_point_that_is_not_looked_at_loses_nothing() -> None:
    torch.manual_seed(1)
    network = build_point_network("mlp", 2, 4, 8, torch.tensor([[0, 1], [2, 3]]), hidden=8).requires_grad_(
        False
    )
    part = LabelledPoints(torch.randn(50, 2, 8, 4), torch.arange(50) % 2, torch.arange(50), 2)
    weights = Permutation().person_sums(network, network.label_score, part, part).weights
    assert (weights[0, 2:] == 0).all() and (weights[1, :2] == 0).all() and weights[0, :2].any()
