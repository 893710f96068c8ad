import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from emocam.classifier.compact_face import CompactFace
from emocam.errors import SettingError
from emocam.network.trained import Trained, channel_statistics, fold, read_trained

LABELS = ["a", "b", "c"]


@pytest.fixture
def weights(tmp_path):
    """`weights(balanced=True)`: a file as task=train leaves it, and the network's plain tensors."""

    def write(**changed):
        (tmp_path / "labels.txt").write_text("\n".join(LABELS))
        net = CompactFace(weights="random", labels=str(tmp_path / "labels.txt"), seed=1)
        given = {"prior": [0.7, 0.2, 0.1], "balanced": True, "temperature": 2.0, "temperature_corpus": 0.5}
        trained = Trained(labels=LABELS, **{**given, **changed})
        save_file(net.file_state(), tmp_path / "weights.safetensors", trained.metadata())
        return str(tmp_path / "weights.safetensors"), net

    return write


def test_what_is_written_is_what_is_read(weights):
    file, _ = weights(
        view="a view", mean=[0.5], std=[0.25], settings={"epochs": 3}, figures={"accuracy": 0.5}
    )
    trained = read_trained(file)
    assert trained is not None and trained.labels == LABELS and trained.prior == [0.7, 0.2, 0.1]
    assert (trained.view, trained.mean, trained.settings) == ("a view", [0.5], {"epochs": 3})


@pytest.mark.parametrize(("adjust", "temperature"), [(0, 2.0), (1, 0.5)])
def test_an_operating_point_adds_the_prior_and_divides_by_its_temperature(weights, adjust, temperature):
    file, plain = weights()
    net = CompactFace(weights=file, adjust=adjust)
    x = torch.randn(4, 1, 64, 64)
    expected = (plain(x) + adjust * torch.tensor([0.7, 0.2, 0.1]).log()) / temperature
    torch.testing.assert_close(net(x), expected, rtol=1e-4, atol=1e-5)
    assert net.labels == LABELS


def test_plain_answers_have_no_other_operating_point(weights):
    file, _ = weights(balanced=False)
    CompactFace(weights=file)
    for given in (file, "random"):
        with pytest.raises(SettingError, match=r"classifier\.adjust=1 needs weights .* train\.adjust=1"):
            CompactFace(weights=given, adjust=1)
    with pytest.raises(SettingError, match=r"classifier\.adjust must be 0 .* or 1 .*, got 2"):
        CompactFace(weights=file, adjust=2)


def test_labels_in_another_order_are_refused_and_other_names_are_not(weights, tmp_path):
    file, _ = weights()
    (tmp_path / "labels.txt").write_text("b\na\nc\n")
    with pytest.raises(
        SettingError, match=r"in another order than .*: line 1 is 'b', and the network's is 'a'"
    ):
        CompactFace(weights=file, labels=str(tmp_path / "labels.txt"))
    (tmp_path / "labels.txt").write_text("x\ny\nz\n")
    assert CompactFace(weights=file, labels=str(tmp_path / "labels.txt")).labels == ["x", "y", "z"]


def test_weights_of_another_view_are_refused(weights):
    file, _ = weights(view="Stretch(size=(48, 48))")
    with pytest.raises(SettingError, match=r"was trained on the view Stretch\(size=\(48, 48\)\), and this"):
        CompactFace(weights=file)


def test_a_last_layer_without_bias_gets_one_and_a_wrong_one_is_left_alone():
    network, x = nn.Sequential(nn.Linear(4, 3, bias=False)), torch.randn(2, 4)
    before = network(x)
    assert fold(network, torch.tensor([1.0, 2.0, 3.0]), 2.0, x)
    torch.testing.assert_close(network(x), (before + torch.tensor([1.0, 2.0, 3.0])) / 2)
    squashed = nn.Sequential(nn.Linear(4, 3), nn.Tanh())
    before = squashed(x)
    assert not fold(squashed, torch.ones(3), 2.0, x)
    torch.testing.assert_close(squashed(x), before)


def test_mean_and_spread_are_those_that_prepare_takes():
    net = CompactFace(weights="random")
    mean, std = channel_statistics(net.prepare, torch.zeros(1, 1, 64, 64))
    assert mean == pytest.approx([0.5], abs=1e-4) and std == pytest.approx([0.25], abs=1e-4)


def test_metadata_that_does_not_fit_is_one_sentence(weights):
    file, _ = weights(prior=[1.0])
    with pytest.raises(SettingError, match="does not say how it was trained"):
        read_trained(file)
