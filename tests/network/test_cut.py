"""A network cut at a layer gives what the whole network gives."""

import pytest
import torch
from torch import nn
from torchvision import models

from emocam.errors import SettingError
from emocam.network.cut import Watched, cut
from emocam.network.layers import default_layer, find_layer, spatial_layers

DEFAULTS = {
    "resnet18": "layer4",
    "vgg11": "features",
    "mobilenet_v3_small": "features",
    "squeezenet1_1": "classifier.1",
    "vit_b_16": "encoder.layers.encoder_layer_11.ln_1",
    "swin_t": "norm",
}


def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    return models.get_model(name, weights=None).eval().requires_grad_(False)


@pytest.mark.parametrize("name", DEFAULTS)
def test_default_layer_is_the_last_with_places(name: str) -> None:
    model = network(name)
    x = torch.rand(2, 3, 224, 224)
    layer = default_layer(spatial_layers(model, x))
    assert layer.name == DEFAULTS[name]


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("resnet18", "layer4"),
        ("resnet18", "layer3.1.conv2"),
        ("resnet18", "layer4.0.bn1"),
        ("swin_t", "norm"),
    ],
)
def test_parts_give_the_networks_logits(name: str, layer: str) -> None:
    model = network(name)
    x = torch.rand(3, 3, 64, 64)
    found = find_layer(spatial_layers(model, x[:2]), layer, name)
    features, head = cut(model, found, x[:2])
    assert not isinstance(features.part, Watched)
    torch.testing.assert_close(head(*features(x)), model(x), rtol=1e-4, atol=1e-5)


def test_activation_is_the_layers_own_output() -> None:
    model = network("resnet18")
    x = torch.rand(2, 3, 64, 64)
    seen: list[torch.Tensor] = []
    hook = model.layer3[1].conv2.register_forward_hook(lambda m, i, o: seen.append(o))
    model(x)
    hook.remove()
    layer = find_layer(spatial_layers(model, x), "layer3.1.conv2", "resnet18")
    features, _ = cut(model, layer, x)
    torch.testing.assert_close(features(x)[0], seen[0])


class Untraceable(nn.Module):
    """Its way depends on its numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.conv(x)
        return self.linear(a.mean((2, 3))) if a.sum() > 0 else -self.linear(a.mean((2, 3)))


def test_network_that_cannot_be_traced_runs_whole() -> None:
    torch.manual_seed(0)
    model = Untraceable().eval()
    x = torch.rand(2, 3, 16, 16)
    features, head = cut(model, find_layer(spatial_layers(model, x), "conv", "it"), x)
    assert isinstance(features.part, Watched)
    torch.testing.assert_close(head(*features(x)), model(x))
    changed = head(features(x)[0] * 0, x)
    torch.testing.assert_close(changed, -model.linear(torch.zeros(2, 4)))  # a sum of 0 takes the other way


class Picky(nn.Module):
    """Looks at the size of what it gets, which no trace can."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(x, (0, 1)) if x.shape[-1] % 2 else x


def test_what_cannot_be_traced_before_the_layer_is_kept_whole() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(Picky(), nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    x = torch.rand(2, 3, 15, 15)
    features, head = cut(model, find_layer(spatial_layers(model, x), "1", "it"), x)
    assert not isinstance(features.part, Watched) and len(features(x)) == 1
    torch.testing.assert_close(head(*features(x)), model(x))


class Optional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | None = None, double: bool = False
    ) -> torch.Tensor:
        a = self.conv(x) if mask is None else self.conv(x) * mask
        return a.mean((2, 3)) * (2 if double else 1)


def test_arguments_that_may_be_left_away_are() -> None:
    model, x = Optional().eval(), torch.rand(2, 3, 16, 16)
    features, head = cut(model, find_layer(spatial_layers(model, x), "conv", "it"), x)
    assert not isinstance(features.part, Watched) and len(features(x)) == 1
    torch.testing.assert_close(head(*features(x)), model(x))


class Double(nn.Module):
    """Two layers, the second of which gives more than a map."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.second = Pair()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.second(self.first(x))
        return (a + b).mean((2, 3))


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x * self.weight, x


def test_a_layer_that_gives_more_than_a_map_is_not_taken() -> None:
    layers = spatial_layers(Double(), torch.rand(1, 3, 16, 16))
    assert default_layer(layers).name == "first"
    with pytest.raises(
        SettingError, match=r"classifier\.layer 'second' of it gives more than a map; choose one"
    ):
        find_layer(layers, "second", "it")


def test_rows_of_a_head_with_bypass_belong_to_their_images() -> None:
    model = network("vit_b_16")
    x = torch.rand(2, 3, 224, 224)
    features, head = cut(model, default_layer(spatial_layers(model, x)), x)
    activation, *bypass = features(x)
    assert activation.shape == (2, 768, 14, 14)
    pick = torch.tensor([1, 1, 0])
    picked = head(activation[pick], *(b[pick] for b in bypass))
    torch.testing.assert_close(picked, model(x)[pick], rtol=1e-3, atol=1e-4)


def test_unknown_layer_is_answered_with_the_nearest() -> None:
    layers = spatial_layers(network("resnet18"), torch.rand(1, 3, 64, 64))
    with pytest.raises(
        SettingError,
        match=r"classifier.layer 'layr4' is not a layer of resnet18 with a map; did you mean layer4",
    ):
        find_layer(layers, "layr4", "resnet18")


def test_layer_used_twice_is_refused() -> None:
    layers = spatial_layers(network("resnet18"), torch.rand(1, 3, 64, 64))
    with pytest.raises(SettingError, match=r"'layer4.1.relu' is used 2 times"):
        find_layer(layers, "layer4.1.relu", "resnet18")
