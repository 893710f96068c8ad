"""The layer taken by default shows the picture's places where they are, or none is taken."""

import json

import pytest
import torch
from torch import Tensor, nn

from emocam.cli.verb.layers import main
from emocam.errors import SettingError
from emocam.network.cut import cut
from emocam.network.layers import answers_in_place, default_layer, finer_layers, probes, spatial_layers


class Tokens(nn.Module):
    """Patches in the order that `order` gives, mixed a little, and a class token where one is asked for."""

    def __init__(self, order: Tensor, prefix: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.order, self.prefix = order, prefix
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.blocks = nn.Sequential(*(nn.Sequential(nn.Linear(8, 8), nn.GELU()) for _ in range(8)))
        self.output = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patch(x).flatten(2).transpose(1, 2)[:, self.order]
        if self.prefix:
            tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], 1)
        return self.output(self.blocks(tokens).mean(1))


IN_ORDER = torch.arange(64)
SHUFFLED = torch.randperm(64, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("prefix", [False, True])
def test_tokens_in_the_picture_s_order_are_taken_and_others_are_not(prefix: bool) -> None:
    x = torch.zeros(2, 3, 32, 32)
    assert default_layer(spatial_layers(Tokens(IN_ORDER, prefix), x)).name == "blocks"
    layers = spatial_layers(Tokens(SHUFFLED, prefix), x)
    assert {layer.name: layer.placed for layer in layers}["patch"]
    assert not any(layer.placed for layer in layers if layer.name.startswith("blocks"))
    with pytest.raises(SettingError, match="no late layer of this network keeps its cells"):
        default_layer(layers)


@pytest.mark.parametrize("size", [(32, 32), (24, 48), (7, 7)])
def test_a_patch_is_found_where_it_was_changed(size: tuple[int, int]) -> None:
    asked = probes(torch.zeros(1, 3, *size))
    assert (asked[1:] != asked[:1]).any(1).flatten(1).sum(1).min() >= 1
    for seen in (
        asked,
        nn.functional.avg_pool2d(asked, 3, 1, 1),
        nn.functional.adaptive_avg_pool2d(asked, 4),
    ):
        assert answers_in_place(seen)
        assert not answers_in_place(seen.flip(-1)) and not answers_in_place(seen.flip(-2))


class Heads(nn.Module):
    """Gives heads x tokens x channels, which is no picture, and then one."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.norm = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(4)
        self.output = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patch(x).flatten(2)
        heads = self.norm(tokens.unflatten(1, (2, 4)).transpose(2, 3))
        return self.output(heads.transpose(2, 3).flatten(1, 2).mean(-1))


def test_heads_by_tokens_are_no_picture() -> None:
    layers = spatial_layers(Heads(), torch.zeros(1, 3, 32, 32))
    assert [layer.name for layer in layers] == ["patch"]


@pytest.mark.parametrize(("name", "norm"), [("hiera_tiny_224", False), ("mvitv2_tiny", True)])
def test_networks_that_reorder_tokens_show_what_their_library_shows(name: str, norm: bool) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False).eval().requires_grad_(False)
    x = torch.rand(2, 3, 224, 224)
    layer = default_layer(spatial_layers(network, x))
    features, head = cut(network, layer, x)
    activation, *bypass = features(x)
    theirs = network.forward_intermediates(x, indices=1, intermediates_only=True, norm=norm)[-1]
    torch.testing.assert_close(activation, theirs)
    torch.testing.assert_close(head(activation, *bypass), network(x))


@pytest.mark.parametrize("name", ["tnt_s_patch16_224", "vit_tiny_patch16_224"])
def test_patches_within_patches_are_no_pictures(name: str) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False).eval()
    assert default_layer(spatial_layers(network, torch.zeros(1, 3, 224, 224))).map_shape[1:] == (14, 14)


def test_a_network_without_a_layer_that_may_be_taken_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """Drawn at random, the deep half of this network mixes all places evenly."""
    pytest.importorskip("timm")
    torch.manual_seed(0)
    assert main(["levit_128s"]) == 0
    told = capsys.readouterr().out
    assert "taken by default\n" not in told and "none is taken by default: no late layer" in told
    assert "its cells are not where the picture has them" in told


@pytest.mark.slow
def test_layers_of_a_folder_of_transformers_or_timm_are_listed_without_its_weights(
    tmp_path, capsys, monkeypatch
) -> None:
    pytest.importorskip("transformers")
    from tests.classifier.test_transformers import write_model

    (write_model(tmp_path / "net", "convnext") / "model.safetensors").unlink()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["~/net"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("~/net at 64 x 64") and "16 x 8 x 8   taken by default" in told
    with pytest.raises(SettingError, match="none/of-this could not be read as an image classifier"):
        main(["none/of-this"])
    config = {"architecture": "resnet10t", "num_classes": 3, "pretrained_cfg": {"input_size": [3, 96, 96]}}
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "config.json").write_text(json.dumps(config))
    assert main(["local-dir:~/own"]) == 0
    assert "at 96 x 96" in capsys.readouterr().out


def test_finer_layers_are_the_last_of_each_finer_grid_before_the_one_that_is_taken() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, 1, 1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, 1, 1), nn.Flatten(), nn.Linear(4 * 64, 2),
    )  # fmt: skip
    layers = spatial_layers(network, torch.zeros(1, 3, 32, 32))
    chosen = next(layer for layer in layers if layer.name == "6")
    assert finer_layers(layers, chosen) == ["4", "1"]
    assert finer_layers(layers, chosen, 1) == ["4"]
    large = spatial_layers(network[:-1], torch.zeros(1, 3, 128, 128))
    assert finer_layers(large, next(layer for layer in large if layer.name == "6")) == []
