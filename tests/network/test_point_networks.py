"""Networks on points, side by side: each label's is what torch and numpy make of its own part."""

import numpy as np
import torch
from torch import nn

from emocam.network.point_networks import TAIL, WINDOW, build_point_network

LABELS, POINTS, LENGTH, KEPT = 3, 7, 9, torch.tensor([[0, 2], [6, 1], [3, 4]])


def movements(count: int = 5) -> torch.Tensor:
    return torch.randn(count, 2, LENGTH, POINTS, generator=torch.Generator().manual_seed(0))


def own_part(x: torch.Tensor, label: int) -> torch.Tensor:
    """What one label's network sees, (B, T, 2k)."""
    return x[..., KEPT[label]].permute(0, 2, 3, 1).flatten(2)


def test_the_mlp_of_a_label_is_two_linear_layers_on_its_own_points() -> None:
    torch.manual_seed(0)
    network, x = build_point_network("mlp", LABELS, POINTS, LENGTH, KEPT, hidden=4), movements()
    for label in range(LABELS):
        hidden = (own_part(x, label).flatten(1) @ network.weight[label] + network.bias[label]).relu()
        expected = hidden @ network.output[label] + network.threshold[label]
        assert torch.allclose(network(x)[:, label], expected[:, 0], atol=1e-5)


def test_the_gru_of_a_label_is_torch_s_own() -> None:
    torch.manual_seed(1)
    network, x = build_point_network("gru", LABELS, POINTS, LENGTH, KEPT, hidden=4), movements()
    with torch.no_grad():
        network.bias.normal_()
        network.inner_bias.normal_()
    for label in range(LABELS):
        own = nn.GRU(2 * KEPT.shape[1], 4, batch_first=True)
        with torch.no_grad():
            own.weight_ih_l0.copy_(network.inward[label].T)
            own.weight_hh_l0.copy_(network.inner[label].T)
            own.bias_ih_l0.copy_(network.bias[label, 0])
            own.bias_hh_l0.copy_(network.inner_bias[label, 0])
        _, state = own(own_part(x, label))
        expected = state[0] @ network.output[label] + network.threshold[label]
        assert torch.allclose(network(x)[:, label], expected[:, 0], atol=1e-5)


def test_the_random_network_is_solved_as_least_squares_with_a_ridge_are() -> None:
    torch.manual_seed(2)
    network, x = build_point_network("random", LABELS, POINTS, LENGTH, KEPT, hidden=6), movements(40)
    label = torch.arange(40) % LABELS
    network.solve(x, label)
    for number in range(LABELS):
        seen = own_part(x, number).numpy()
        windows = np.stack(
            [seen[:, t : t + WINDOW].transpose(0, 2, 1).reshape(40, -1) for t in range(LENGTH - WINDOW + 1)],
            1,
        )
        fixed = np.tanh(windows @ network.projection.numpy() + network.phase.numpy())
        features = np.concatenate([fixed.mean(1), fixed[:, -TAIL:].mean(1)], 1)
        own = (label == number).numpy()
        weight = np.where(own, 20 / own.sum(), 20 / (~own).sum())[:, None] ** 0.5
        rows = np.concatenate([weight * np.c_[features, np.ones(40)], np.eye(12, 13)])
        wanted = np.concatenate([weight[:, 0] * np.where(own, 1, -1), np.zeros(12)])
        solution = np.linalg.lstsq(rows, wanted, rcond=None)[0]
        expected = features @ solution[:-1] + solution[-1]
        assert np.allclose(network(x)[:, number].detach().numpy(), expected, atol=1e-3)


def test_without_points_of_its_own_each_label_sees_all() -> None:
    torch.manual_seed(3)
    for kind in ("mlp", "gru", "random"):
        torch.manual_seed(4)
        whole = build_point_network(kind, LABELS, POINTS, LENGTH)
        torch.manual_seed(4)
        named = build_point_network(kind, LABELS, POINTS, LENGTH, torch.arange(POINTS).repeat(LABELS, 1))
        assert torch.allclose(whole(movements()), named(movements()), atol=1e-6)
