import pytest
import torch
from torch.nn import functional as F

from emocam.classifier.gimefive import LABELS, GiMeFive, GiMeFiveNetwork
from emocam.errors import SettingError


def trained_norms(network):
    """Give the norms statistics of their own, so that leaving one out would show."""
    generator = torch.Generator().manual_seed(1)
    for name, value in network.state_dict().items():
        if name.endswith(("running_mean", "running_var")):
            value.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return network.eval()


def by_hand(state, x):
    for i in range(1, 6):
        x = F.conv2d(x, state[f"conv{i}.weight"], state[f"conv{i}.bias"], padding=1)
        mean, var = state[f"bn{i}.running_mean"], state[f"bn{i}.running_var"]
        shape = (1, -1, 1, 1)
        x = (x - mean.view(shape)) / (var.view(shape) + 1e-5).sqrt()
        x = x * state[f"bn{i}.weight"].view(shape) + state[f"bn{i}.bias"].view(shape)
        x = F.max_pool2d(x.clamp(min=0), 2)
    x = x.mean((-2, -1))
    x = (x @ state["fc1.weight"].T + state["fc1.bias"]).clamp(min=0)
    x = (x @ state["fc2.weight"].T + state["fc2.bias"]).clamp(min=0)
    return x @ state["fc3.weight"].T + state["fc3.bias"]


def test_it_is_the_paper_s_network():
    network = GiMeFiveNetwork(6)
    assert sum(p.numel() for p in network.parameters()) == 10_478_086
    names = {name.partition(".")[0] for name in network.state_dict()}
    assert names == {
        *(f"conv{i}" for i in range(1, 6)),
        *(f"bn{i}" for i in range(1, 6)),
        "fc1",
        "fc2",
        "fc3",
    }
    assert len(network.state_dict()) == 41
    assert [m.p for m in network.modules() if isinstance(m, torch.nn.Dropout)] == [0.2] * 4 + [0.5]


def test_the_authors_state_dict_gives_their_logits(tmp_path):
    torch.manual_seed(3)
    network = trained_norms(GiMeFiveNetwork(6))
    torch.save(
        {f"module.{name}": value for name, value in network.state_dict().items()}, tmp_path / "best.pth"
    )
    net = GiMeFive(weights=str(tmp_path / "best.pth"))
    x = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(net(x), by_hand(network.state_dict(), x), rtol=1e-4, atol=1e-5)
    assert net.labels == list(LABELS)


def test_the_fifth_convolution_is_explained_before_its_norm():
    net = GiMeFive(weights="random", seed=2)
    activation, _ = net.cut(torch.rand(2, 3, 64, 64))
    assert net.layer == "conv5" and activation.shape == (2, 1024, 4, 4) and activation.min() < 0


def test_a_face_is_seen_in_grey_in_three_channels(pictures):
    view, _ = GiMeFive(weights="random").view(pictures[0])
    assert view.shape == (3, 64, 64) and torch.equal(view[0], view[2])


@pytest.mark.parametrize("weights", [None, "imagenet"])
def test_without_a_file_it_says_how_to_get_one(weights):
    with pytest.raises(SettingError, match=r"random or a file .* task=train classifier=gimefive"):
        GiMeFive(weights=weights)
