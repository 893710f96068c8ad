import torch
from torch import nn

from emocam.network.shuffled import with_shuffled_weights


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.ModuleDict({"features": nn.Conv2d(3, 4, 3), "head": nn.Linear(9, 5)})


def test_each_tensor_keeps_its_numbers_in_another_order_and_the_network_is_left_alone() -> None:
    first = network()
    before = {name: tensor.clone() for name, tensor in first.state_dict().items()}
    other = with_shuffled_weights(first)
    for name, tensor in other.state_dict().items():
        assert torch.equal(tensor.flatten().sort().values, before[name].flatten().sort().values), name
        assert not torch.equal(tensor, before[name]), name
        assert torch.equal(first.state_dict()[name], before[name]), name


def test_of_the_head_nothing_else_changes() -> None:
    first = network()
    other = with_shuffled_weights(first, "head", seed=3)
    assert torch.equal(other["features"].weight, first["features"].weight)
    assert not torch.equal(other["head"].weight, first["head"].weight)
    assert torch.equal(other["head"].weight, with_shuffled_weights(first, "head", seed=3)["head"].weight)
