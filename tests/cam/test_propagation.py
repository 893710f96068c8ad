import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import VisionTransformer

from emocam.cam.base import ForwardPass
from emocam.cam.propagation import route_gradient, slope_at, steps_of
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.errors import SettingError
from emocam.network.cut import cut
from emocam.network.layers import find_layer, spatial_layers


def test_a_carried_value_has_the_gradient_of_its_path():
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = route_gradient(torch.tensor([7.0, 8.0]), x * x, torch.tensor([1.0, 10.0]))
    assert y.tolist() == [7, 8]
    y.sum().backward()
    assert x.grad.tolist() == [4, 60]


def test_the_slope_of_an_activation_is_its_derivative():
    x = torch.tensor([-1.0, 0.0, 2.0])
    assert slope_at(torch.relu, x).tolist() == [0, 0, 1]
    assert torch.allclose(slope_at(torch.tanh, x), 1 - torch.tanh(x) ** 2)


class Written(nn.Module):
    """The steps as functions and methods."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 4)

    def forward(self, x):
        return self.linear(F.relu(x, inplace=True).mean((2, 3)).relu())


class Gated(Written):
    def forward(self, x):
        return self.linear((x * x.sigmoid()).mean((2, 3)))


class Deciding(Written):
    def forward(self, x):
        return self.linear(x.mean((2, 3))) if x.sum() > 0 else self.linear(-x.mean((2, 3)))


def test_steps_may_be_functions_and_methods():
    names = [node.op for node in steps_of(Written(), "lift").graph.nodes]
    assert names == ["placeholder", "call_function", "call_method", "call_method", "call_module", "output"]


@pytest.mark.parametrize(("head", "reason"), [(Gated, "holds sigmoid, mul)"), (Deciding, "cannot be traced")])
def test_a_step_without_a_rule_is_named_with_a_way_out(head, reason):
    with pytest.raises(SettingError) as error:
        steps_of(head(), "lift")
    told = str(error.value)
    assert told.startswith("cam=lift has no rule") and reason in told and "cam=ig" in told


def test_a_transformer_is_refused_in_a_sentence():
    model = VisionTransformer(32, 8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=16).eval()
    x = torch.rand(2, 3, 32, 32)
    _, head = cut(model, find_layer(spatial_layers(model, x), None, "small"), x)
    with pytest.raises(
        SettingError, match=r"^cam=lrp has no rule for the network behind the explained layer"
    ):
        steps_of(head, "lrp")


def test_residual_paths_are_walked():
    net = TorchvisionClassifier("resnet18", layer="layer4.1.bn2", weights="random")
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    forward = ForwardPass(net, x)
    assert forward.head.bypass
    steps = steps_of(net.head, "lift")
    with torch.no_grad():
        assert torch.allclose(steps(forward.activation, *forward.head.bypass), net(x), atol=1e-5)
